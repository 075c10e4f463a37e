// The toolbox at the top: which networks are shown. Every table, chart and map follows it.

const LOOKS = new Map(NETWORKS.map((row, position) => [row.network, { ...row, position }]));
const hidden = new Set();
const followers = [];

function follow(update) {
  followers.push(update);
}

function shown(network) {
  return !hidden.has(network);
}

function hide(network, hide) {
  if (hide) hidden.add(network);
  else hidden.delete(network);
  followers.forEach((update) => update());
}

// Colours are variables of the style, which differ between light and dark.
function colourOf(network) {
  const look = LOOKS.get(network);
  return look.baseline ? "var(--baseline)" : `var(--network-${look.position % 7})`;
}

const DASHES = ["", "6 3", "2 3"];

function dashOf(network) {
  const look = LOOKS.get(network);
  return look.baseline ? "5 4" : DASHES[Math.floor(look.position / 7) % DASHES.length];
}

// Shapes around (0, 0), so that networks differ in more than colour.
const SHAPES = [
  "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z",
  "M-4 -4H4V4H-4Z",
  "M0 -5.5L5.5 0L0 5.5L-5.5 0Z",
  "M0 -5L5 4H-5Z",
  "M0 5L5 -4H-5Z",
  "M-5 -1.5H-1.5V-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5Z",
  "M-5 0L4 -5V5Z",
];

function shapeOf(network) {
  return SHAPES[LOOKS.get(network).position % SHAPES.length];
}

function swatch(network) {
  return drawing(
    "svg",
    { class: "swatch", viewBox: "-7 -7 14 14", "aria-hidden": "true" },
    drawing("path", { d: shapeOf(network), style: `fill: ${colourOf(network)}` }),
  );
}

function describe(network) {
  const look = LOOKS.get(network);
  return network + (look.baseline ? " (baseline)" : look.best ? " (best)" : "");
}

// A light on one network, in every chart and table.
function highlight(network) {
  document.querySelectorAll("[data-network]").forEach((node) => {
    node.classList.toggle("faded", network !== null && node.dataset.network !== network);
  });
}

function toolbox() {
  const buttons = NETWORKS.map(({ network }) => {
    const button = element(
      "button",
      {
        type: "button",
        "aria-pressed": "true",
        onclick: () => hide(network, shown(network)),
        onpointerenter: () => highlight(network),
        onpointerleave: () => highlight(null),
        onfocus: () => highlight(network),
        onblur: () => highlight(null),
      },
      swatch(network),
      describe(network),
    );
    follow(() => button.setAttribute("aria-pressed", String(shown(network))));
    return button;
  });
  const all = element(
    "button",
    {
      type: "button",
      class: "plain",
      onclick: () => {
        hidden.clear();
        followers.forEach((update) => update());
      },
    },
    "show all",
  );
  const update = () => (all.disabled = hidden.size === 0);
  follow(update);
  update();
  const bar = document.getElementById("toolbox");
  bar.append(element("div", { role: "group", "aria-label": "Networks shown" }, element("span", { class: "note", "aria-hidden": "true" }, "Show:"), buttons, all));
  bar.hidden = false;
}
