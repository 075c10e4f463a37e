// The browser of attributions: which images, which networks, which kind of map.

const KINDS = {
  black: "from a black image",
  blurred: "from the blurred image",
  mean: "from the mean image",
  expected: "expected gradients, from other images",
  randomised: "of the same network with random weights",
};

// "Integrated Gradients, from a black image". Other methods need no image to start from.
function methodOf(kind) {
  if (kind === "expected") return KINDS.expected;
  return kind === "black" && STUDY.method !== "Integrated Gradients" ? STUDY.method : `${STUDY.method}, ${KINDS[kind] ?? kind}`;
}

const ANSWERS = {
  all: "whatever the answers",
  right: "all networks right",
  wrong: "some network wrong",
  first: "the first network wrong",
  apart: "the two networks answer differently",
};

function heatmapBrowser(figure) {
  if (MAPS.groups.length === 0) {
    figure.append(element("p", { class: "note" }, "The attributions are too large for this page; they are in attributions.npz of every run."));
    return;
  }
  const classes = [...new Set(MAPS.labels)].sort((one, other) => one - other);
  const seeds = [...new Set(MAPS.groups.map(({ seed }) => seed))];
  const second = BEST === BASELINE ? NETWORKS.find(({ network }) => network !== BASELINE).network : BEST;
  const state = { label: "all", answers: "all", order: "given", one: BASELINE, other: second, seed: seeds[0], kind: "black", image: 0 };
  const filters = element("div", { class: "filters", role: "group", "aria-label": "Filters of the heatmaps" });
  const count = element("p", { class: "count", "aria-live": "polite" });
  const list = element("div", { class: "thumbnails", role: "radiogroup", "aria-label": "Image" });
  const view = element("div", { class: "view" });
  const readout = element("div", { class: "pixel" });
  const live = announcer();
  figure.classList.add("browser");
  figure.append(filters, count, list, element("div", { class: "looked-at" }, view, readout), live, ...leftOut());

  const names = NETWORKS.map(({ network }) => [network, describe(network)]);
  const set = (key, convert = String) => (value) => {
    state[key] = convert(value);
    if (key === "seed" && !groupOf(state.kind, state.seed)) state.kind = "black";
    if (key === "seed") offer();
    update();
  };
  function offer() {
    const kinds = MAPS.groups.filter(({ seed }) => seed === state.seed).map(({ kind }) => [kind, methodOf(kind)]);
    filters.replaceChildren(
      choice("class", [["all", "all"], ...classes.map((label) => [String(label), STUDY.class_names[label]])], state.label, set("label")),
      choice("answers", Object.entries(ANSWERS), state.answers, set("answers")),
      choice("order", [["given", "as explained"], ["apart", "least alike of the two first"]], state.order, set("order")),
      choice("first network", names, state.one, set("one")),
      choice("second network", names, state.other, set("other")),
      ...(seeds.length > 1 ? [choice("seed", seeds.map((seed) => [String(seed), String(seed)]), String(state.seed), set("seed", Number))] : []),
      choice("method and baseline", kinds, state.kind, set("kind")),
    );
  }

  const answer = (network, index) => runOf(network, state.seed).predictions[index];
  const right = (network, index) => answer(network, index) === MAPS.labels[index];
  const everyNetwork = () => NETWORKS.map(({ network }) => network).filter(shown);

  function passes(index) {
    if (state.label !== "all" && MAPS.labels[index] !== Number(state.label)) return false;
    const networks = everyNetwork();
    return {
      all: true,
      right: networks.every((network) => right(network, index)),
      wrong: networks.some((network) => !right(network, index)),
      first: !right(state.one, index),
      apart: answer(state.one, index) !== answer(state.other, index),
    }[state.answers];
  }

  // How like each other the maps of the two networks are, per image.
  async function likeness(images, chosen) {
    const [one, other] = await Promise.all([state.one, state.other].map((network) => loadMaps(state.kind, state.seed, network)));
    return new Map(chosen.map((index) => {
      const ink = inkOf(imageAt(images, index));
      const pixels = [...ink.keys()].filter((pixel) => ink[pixel]);
      return [index, rankCorrelation(mapAt(one, index), mapAt(other, index), pixels)];
    }));
  }

  const mapAt = (maps, index) => maps.subarray(index * PIXELS, (index + 1) * PIXELS);

  let turn = 0; // only the last of several updates at a time is shown
  async function update() {
    const mine = ++turn;
    const images = await loadImages();
    const { count: available } = groupOf(state.kind, state.seed);
    let chosen = [...MAPS.labels.keys()].filter((index) => index < available && passes(index));
    if (state.order === "apart") {
      const alike = await likeness(images, chosen);
      chosen.sort((one, other) => (alike.get(one) ?? 2) - (alike.get(other) ?? 2));
    }
    if (mine !== turn) return;
    count.textContent = `${chosen.length} of ${MAPS.labels.length} explained images` + (available < MAPS.labels.length ? `; maps of this kind are here of ${available}` : "");
    if (!chosen.includes(state.image)) state.image = chosen[0] ?? null;
    list.replaceChildren(...chosen.map((index) => thumbnail(images, index, chosen)));
    await look(images, mine);
  }

  function thumbnail(images, index, chosen) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    paintImage(canvas, imageAt(images, index));
    const wrong = everyNetwork().filter((network) => !right(network, index));
    const said = wrong.length ? `, wrong: ${wrong.join(", ")}` : "";
    const name = STUDY.class_names[MAPS.labels[index]];
    const button = element("button", {
      type: "button", role: "radio", title: `${name}, test image ${MAPS.indices[index]}${said}`, "aria-label": `${name}, test image ${MAPS.indices[index]}${said}`,
      "aria-checked": String(index === state.image), tabindex: index === state.image ? 0 : -1, class: wrong.length ? "wrong" : null, "data-image": index,
      onclick: () => pick(index),
      onkeydown: (event) => {
        const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        pick(chosen[(chosen.indexOf(index) + step + chosen.length) % chosen.length]);
      },
    }, canvas);
    return button;
  }

  async function pick(index) {
    state.image = index;
    for (const button of list.children) {
      const chosen = Number(button.dataset.image) === index;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      if (chosen) button.focus();
    }
    await look(await loadImages(), ++turn);
  }

  async function look(images, mine) {
    if (state.image === null) {
      view.replaceChildren(element("p", { class: "note" }, "No image passes these filters."));
      readout.replaceChildren();
      return;
    }
    const networks = everyNetwork();
    const needed = [...new Set([state.one, state.other, ...networks])];
    const loaded = await Promise.all(needed.map((network) => loadMaps(state.kind, state.seed, network)));
    if (mine !== turn) return;
    const image = imageAt(images, state.image);
    const entries = new Map(needed.map((network, at) => {
      const map = mapAt(loaded[at], state.image);
      const total = totalOf(map);
      return [network, { network, map, total, shares: map.map((value) => (total ? value / total : 0)) }];
    }));
    const [one, other] = [entries.get(state.one), entries.get(state.other)];
    const apart = { name: `${state.other} − ${state.one}`, shares: other.shares.map((share, pixel) => share - one.shares[pixel]) };
    const marks = [];
    const read = (pixel) => {
      marks.forEach((mark) => placeMark(mark, pixel));
      const listed = needed.map((network) => entries.get(network));
      readout.replaceChildren(...pixelTable(pixel, image, listed, apart));
      if (view.contains(document.activeElement)) live.textContent = pixelWords(pixel, listed);
    };
    const panel = (title, draw, lines, big = true) => {
      const canvas = element("canvas");
      draw(canvas);
      const { box, mark } = pixelReader(canvas, title, read);
      marks.push(mark);
      return element("div", { class: big ? "panel" : "panel small" }, element("h4", {}, title), box, lines.map((line) => element("p", {}, line)));
    };
    const mapPanel = (entry, big) => {
      const scale = scaleOf(entry.shares);
      return panel(entry.network, (canvas) => paint(canvas, entry.shares, scale), words(entry, scale), big);
    };
    const scale = scaleOf(apart.shares);
    const name = STUDY.class_names[MAPS.labels[state.image]];
    figure.querySelector("figcaption").textContent = `Attribution maps of ${state.one} and ${state.other}, and their difference: ${methodOf(state.kind)}`;
    view.replaceChildren(
      element("div", { class: "panels" },
        panel(`Input: ${name}`, (canvas) => paintImage(canvas, image), [`test image ${MAPS.indices[state.image]}`]),
        mapPanel(one, true),
        mapPanel(other, true),
        panel(apart.name, (canvas) => paint(canvas, apart.shares, scale), ["difference of shares", `full colour: ${significant(100 * scale, 2)} % of a total`])),
      legend(),
      element("div", { class: "panels", role: "group", "aria-label": "Every network" }, networks.map((network) => mapPanel(entries.get(network), false))),
    );
    read(null);
  }

  function words(entry, scale) {
    const run = runOf(entry.network, state.seed);
    const at = state.image;
    const said = STUDY.class_names[run.predictions[at]];
    const sure = run.margins ? `margin ${short(run.margins[at])}` : `${short(100 * run.probabilities[at])} %`;
    const mark = right(entry.network, at) ? "✓" : "✗";
    return [`${mark} says ${said}, ${sure}`, `total ${significant(entry.total, 3)}; full colour: ${significant(100 * scale, 2)} % of it`];
  }

  follow(update);
  followColours(() => update());
  offer();
  return update();
}

function legend() {
  return element("p", { class: "legend" }, element("span", { class: "ramp", "aria-hidden": "true" }),
    `Red speaks for the true class, blue against it. Each map has a scale of its own, as a share of its total of absolute attributions.${CHANNELS > 1 ? " A pixel's attribution is the sum over its channels." : ""}`);
}

function leftOut() {
  if (MAPS.left_out.length === 0) return [];
  const kinds = [...new Set(MAPS.left_out.map(({ kind }) => kind))];
  const seeds = (wanted) => MAPS.left_out.filter(({ kind }) => kind === wanted).map(({ seed }) => seed);
  return [element("details", { class: "left-out" }, element("summary", {}, "Maps that this file has no room for"),
    element("ul", {}, kinds.map((kind) => element("li", {}, `${methodOf(kind)}: seeds ${seeds(kind).join(", ")}`))),
    element("p", {}, "They are in attributions.npz of every run."))];
}
