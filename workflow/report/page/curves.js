// Lines over something counted: epochs, shares of pixels, layers. One line per network, and where
// there are several seeds a thin one for each.

// lines: [{network, seed, dash?, points: [[x, y], ...]}]. Returns the chart, which follows the toolbox.
function curves({ lines, label, xTitle, yTitle, log = false, percent = false, whole = false, height = 340 }) {
  const box = element("div", { class: "chart" });
  const readout = element("div", { class: "readout", hidden: true });
  const live = announcer();
  const place = element("div", { class: "chart-place" }, box, readout);
  const format = (value) => (percent ? `${short(value)} %` : short(value));
  let width = 0;
  let at = null; // the x that is read

  const visible = () => lines.filter(({ network }) => shown(network));

  function draw() {
    const points = visible().flatMap((line) => line.points).filter(([, y]) => y !== null);
    const known = points.filter(([, y]) => !log || y > 0);
    const xs = [...new Set(points.map(([x]) => x))].sort((one, other) => one - other);
    if (known.length === 0) {
      box.replaceChildren(element("p", { class: "note" }, "There is nothing to draw of the networks shown."));
      return;
    }
    const ys = known.map(([, y]) => y);
    const pad = 0.05 * (Math.max(...ys) - Math.min(...ys)) || 0.5;
    const yLimits = log ? logLimits(ys) : [Math.min(...ys) - pad, Math.max(...ys) + pad];
    const side = xs.length > 1 ? 0.02 * (xs.at(-1) - xs[0]) : 0.5;
    const xLimits = [xs[0] - side, xs.at(-1) + side];
    const x = {
      scale: linear(xLimits, [MARGIN.left, width - MARGIN.right]),
      ticks: linearTicks(xs[0], xs.at(-1), whole),
      title: xTitle,
      format: short,
    };
    const y = {
      scale: (log ? logarithmic : linear)(yLimits, [height - MARGIN.bottom, MARGIN.top]),
      ticks: (log ? logTicks : linearTicks)(...yLimits),
      title: yTitle,
      format: short,
    };
    const rule = drawing("line", { class: "rule", y1: MARGIN.top, y2: height - MARGIN.bottom });
    const drawn = visible().map((line) => drawLine(line, x.scale, y.scale, log ? yLimits[0] : -Infinity));
    const picture = drawing(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, role: "application", tabindex: 0, "aria-label": `${label}. Left and right keys read the values.` },
      frame(width, height, x, y),
      drawn,
      rule,
    );
    const read = (value) => {
      at = value;
      rule.style.visibility = "visible";
      rule.setAttribute("x1", x.scale(at));
      rule.setAttribute("x2", x.scale(at));
      readout.replaceChildren(...readValues(at));
      readout.hidden = false;
      const left = x.scale(at) > width / 2;
      readout.style.left = left ? "auto" : `${x.scale(at) + 12}px`;
      readout.style.right = left ? `${width - x.scale(at) + 12}px` : "auto";
    };
    const leave = () => {
      rule.style.visibility = "hidden";
      readout.hidden = true;
    };
    const point = (event) => {
      const pointer = event.clientX - picture.getBoundingClientRect().left;
      const near = (value) => Math.abs(x.scale(value) - pointer);
      read(xs.reduce((best, value) => (near(value) < near(best) ? value : best)));
    };
    picture.addEventListener("pointermove", point);
    picture.addEventListener("pointerdown", point); // a finger that taps does not move
    picture.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && leave());
    picture.addEventListener("blur", leave);
    picture.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const now = at === null ? (step > 0 ? -1 : xs.length) : xs.indexOf(at);
      read(xs[Math.min(Math.max(now + step, 0), xs.length - 1)]);
      live.textContent = readout.innerText;
    });
    leave();
    box.replaceChildren(picture);
  }

  // The values at one x, the highest first, as the lines lie.
  function readValues(at) {
    const values = visible().map((line) => ({ ...line, value: line.points.find(([x]) => x === at)?.[1] ?? null }));
    const main = values.filter(({ thin }) => !thin).sort((one, other) => (other.value ?? -1) - (one.value ?? -1));
    return [
      element("strong", {}, `${xTitle} ${short(at)}`),
      ...main.map((line) => {
        const seeds = values.filter(({ thin, network, kind }) => thin && network === line.network && kind === line.kind);
        const all = seeds.map(({ value }) => value).filter((value) => value !== null);
        const range = all.length > 1 ? ` (${format(Math.min(...all))} to ${format(Math.max(...all))})` : "";
        const kind = line.kind ? `, ${line.kind}` : "";
        return element("div", {}, swatch(line.network), `${line.network}${kind} ${line.value === null ? "–" : format(line.value)}${range}`);
      }),
    ];
  }

  follow(() => box.isConnected && draw());
  fitted(place, (fits) => {
    width = fits;
    draw();
  });
  return element("div", {}, place, live);
}

// least: where a value that a logarithmic axis cannot show is drawn, at the bottom.
function drawLine({ network, thin, dash, points }, x, y, least) {
  const known = points.filter(([, value]) => value !== null);
  const at = known.map(([px, value]) => [x(px), y(Math.max(value, least))]);
  const path = at.map(([px, py], index) => `${index ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
  const line = drawing("path", {
    d: path,
    class: thin ? "line thin" : "line",
    style: `stroke: ${colourOf(network)}; stroke-dasharray: ${dash ?? (dashOf(network) || "none")}`,
  });
  const every = Math.max(1, Math.ceil(at.length / 12));
  const marks = thin
    ? []
    : at
        .filter((_, index) => index % every === 0 || index === at.length - 1)
        .map(([px, py]) => drawing("path", { class: "mark", d: shapeOf(network), transform: `translate(${px} ${py})`, style: `fill: ${colourOf(network)}` }));
  return drawing("g", { "data-network": network, "aria-hidden": "true" }, line, marks);
}

// The mean over seeds of each network's lines, and the lines as thin ones where there are several.
function withMeans(lines) {
  const groups = new Map();
  for (const line of lines) {
    const key = JSON.stringify([line.network, line.kind ?? ""]);
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()].flatMap((group) => {
    if (group.length === 1) return group;
    const xs = [...new Set(group.flatMap(({ points }) => points.map(([x]) => x)))];
    const means = xs.map((x) => {
      const values = group.map(({ points }) => points.find(([px]) => px === x)?.[1] ?? null);
      const known = values.filter((value) => value !== null);
      return [x, known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null];
    });
    return [...group.map((line) => ({ ...line, thin: true })), { ...group[0], points: means }];
  });
}

// Rows of a table as lines: one per network, seed and kind.
function linesOf(rows, x, value, kindOf = () => undefined, dash = () => undefined) {
  const lines = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.network, row.seed, kindOf(row)]);
    if (!lines.has(key)) lines.set(key, { network: row.network, seed: row.seed, kind: kindOf(row), dash: dash(row), points: [] });
    lines.get(key).points.push([row[x], value(row)]);
  }
  return withMeans([...lines.values()]);
}

const MEASURES = {
  validation_acc: "validation error (%)",
  acc: "training error (%)",
  validation_loss: "validation loss (nats)",
  loss: "training loss (nats)",
  validation_cross_entropy: "validation cross-entropy (nats)",
};

function learningCurves(figure) {
  const rows = rowsOf(STUDY.histories);
  const present = Object.entries(MEASURES).filter(([name]) => rows.some((row) => row[name] !== undefined && row[name] !== null));
  const place = element("div");
  const draw = (measure) => {
    const error = measure.endsWith("acc");
    const lines = linesOf(rows, "epoch", (row) => (row[measure] === null ? null : error ? 100 * (1 - row[measure]) : row[measure]));
    const title = MEASURES[measure];
    place.replaceChildren(
      curves({ lines, label: `${title} of every network after each epoch`, xTitle: "epoch", yTitle: title, log: error, percent: error, whole: true }),
      valuesTable(["network", "seed", "epoch", title], rows.map((row) => [row.network, row.seed, row.epoch, significant(error ? (row[measure] === null ? null : 100 * (1 - row[measure])) : row[measure])].map(String))),
    );
  };
  if (present.length === 0) return;
  figure.append(choice("measure", present, present[0][0], draw), place);
  draw(present[0][0]);
}
