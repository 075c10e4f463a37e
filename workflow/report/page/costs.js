// Test error against what a network costs: one point per network, with its interval.

const COSTS = {
  flops: "FLOPs per image",
  parameters: "parameters",
  bytes_moved: "memory traffic per image (bytes)",
  seconds_per_epoch: "measured training time per epoch (s)",
  peak_memory_bytes: "peak memory of the job (bytes)",
};

function accuracyAgainstCost(figure) {
  const present = Object.entries(COSTS).filter(([name]) => NETWORKS.some((row) => row[name] > 0));
  if (present.length === 0) return;
  const box = element("div", { class: "chart" });
  const live = announcer();
  const readout = element("div", { class: "readout", hidden: true });
  const values = element("div");
  const height = 340;
  let width = 0;
  let cost = present[0][0];
  const error = (accuracy) => (accuracy === null ? null : 100 * (1 - accuracy));

  function draw() {
    const points = NETWORKS.filter((row) => shown(row.network) && row[cost] > 0).map((row) => ({
      network: row.network,
      cost: row[cost],
      error: error(row.test_acc),
      low: error(row.test_acc_high),
      high: error(row.test_acc_low),
    }));
    if (points.length === 0) return box.replaceChildren(element("p", { class: "note" }, "There is nothing to draw of the networks shown."));
    const xLimits = logLimits(points.map((point) => point.cost));
    const yLimits = logLimits(points.flatMap(({ error, low, high }) => [error, low, high]));
    const x = { scale: logarithmic(xLimits, [MARGIN.left, width - MARGIN.right]), ticks: logTicks(...xLimits), title: COSTS[cost], format: engineering };
    const y = { scale: logarithmic(yLimits, [height - MARGIN.bottom, MARGIN.top]), ticks: logTicks(...yLimits), title: "test error (%)", format: short };
    const put = (value) => y.scale(Math.max(value, yLimits[0]));
    const say = (point) => {
      const interval = point.low === null ? "" : ` (95 % interval ${short(point.low)} to ${short(point.high)})`;
      return `${point.network}: test error ${short(point.error)} %${interval}, ${COSTS[cost]} ${engineering(point.cost)}`;
    };
    const names = namesApart(points.map((point) => [x.scale(point.cost), put(point.error)]));
    const drawn = points.map((point, index) => {
      const at = [x.scale(point.cost), put(point.error)];
      const read = () => {
        readout.replaceChildren(swatch(point.network), say(point));
        readout.hidden = false;
        const left = at[0] > width / 2;
        readout.style.left = left ? "auto" : `${at[0] + 12}px`;
        readout.style.right = left ? `${width - at[0] + 12}px` : "auto";
        readout.style.top = `${at[1]}px`;
        live.textContent = say(point);
      };
      const leave = () => (readout.hidden = true);
      const y = names[index] - at[1];
      const beside = at[0] > width - 110 ? { x: -9, y, class: "name end" } : { x: 9, y, class: "name" };
      return drawing(
        "g",
        { "data-network": point.network, class: "point", tabindex: 0, role: "img", "aria-label": say(point), onpointerenter: read, onpointerleave: leave, onfocus: read, onblur: leave },
        point.low === null ? null : drawing("line", { class: "interval", x1: at[0], x2: at[0], y1: put(point.low), y2: put(point.high), style: `stroke: ${colourOf(point.network)}` }),
        drawing("g", { transform: `translate(${at[0]} ${at[1]})` },
          drawing("circle", { r: 14, class: "target" }),
          drawing("path", { class: "mark", d: shapeOf(point.network), style: `fill: ${colourOf(point.network)}` }),
          drawing("text", beside, point.network)),
      );
    });
    box.replaceChildren(drawing("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Test error against ${COSTS[cost]}` }, frame(width, height, x, y), drawn));
  }

  function choose(name) {
    cost = name;
    if (width) draw();
    const rows = NETWORKS.map((row) => [row.network, short(row[cost], 6), short(error(row.test_acc)), short(error(row.test_acc_high)), short(error(row.test_acc_low))]);
    values.replaceChildren(valuesTable(["network", COSTS[cost], "test error (%)", "lowest", "highest"], rows));
  }
  choose(cost);
  const place = element("div", { class: "chart-place" }, box, readout);
  figure.append(choice("cost", present, cost, choose), place, values, live);
  follow(draw);
  fitted(place, (fits) => {
    width = fits;
    draw();
  });
}

// Heights of the names beside points [x, y]: a name that would lie on another goes below it.
function namesApart(points) {
  const heights = points.map(([, y]) => y);
  const order = [...points.keys()].sort((one, other) => points[one][1] - points[other][1]);
  order.forEach((index, position) => {
    for (const before of order.slice(0, position)) {
      const near = Math.abs(points[before][0] - points[index][0]) < 90;
      if (near && heights[index] - heights[before] < 14) heights[index] = heights[before] + 14;
    }
  });
  return heights;
}
