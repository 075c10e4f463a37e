// What is known of the pixel under the pointer, or of the one that the arrow keys have reached.

// read(pixel) is called with the pixel, or null when it is left. Returns the element to point at.
function pixelReader(canvas, label, read) {
  const mark = element("span", { class: "cross", hidden: true });
  let pixel = null;
  const box = element("div", { class: "reader", tabindex: 0, role: "application", "aria-label": `${label}. Arrow keys go from pixel to pixel.` }, canvas, mark);
  const go = (to) => {
    pixel = to;
    read(to);
  };
  const point = (event) => {
    const place = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - place.left) / place.width) * WIDTH);
    const row = Math.floor(((event.clientY - place.top) / place.height) * HEIGHT);
    if (column >= 0 && column < WIDTH && row >= 0 && row < HEIGHT) go(row * WIDTH + column);
  };
  box.addEventListener("pointermove", point);
  box.addEventListener("pointerdown", point); // a finger that taps does not move
  box.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && document.activeElement !== box && go(null));
  box.addEventListener("focus", () => go(pixel ?? Math.floor(HEIGHT / 2) * WIDTH + Math.floor(WIDTH / 2)));
  box.addEventListener("blur", () => go(null));
  box.addEventListener("keydown", (event) => {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (right === undefined) return;
    event.preventDefault();
    const [row, column] = [Math.floor(pixel / WIDTH), pixel % WIDTH];
    go(Math.min(Math.max(row + down, 0), HEIGHT - 1) * WIDTH + Math.min(Math.max(column + right, 0), WIDTH - 1));
  });
  return { box, mark };
}

function placeMark(mark, pixel) {
  mark.hidden = pixel === null;
  if (pixel === null) return;
  mark.style.left = `${(100 * (pixel % WIDTH)) / WIDTH}%`;
  mark.style.top = `${(100 * Math.floor(pixel / WIDTH)) / HEIGHT}%`;
  mark.style.width = `${100 / WIDTH}%`;
  mark.style.height = `${100 / HEIGHT}%`;
}

// The table of a pixel: its brightness and, of every network shown, its attribution and its share;
// apart: the name of the difference of two, and its shares.
function pixelTable(pixel, image, entries, apart) {
  if (pixel === null) return [element("p", { class: "note" }, "Point at a pixel, or go there with the arrow keys, to read its attributions.")];
  const brightness = Array.from({ length: CHANNELS }, (_, channel) => image[channel * PIXELS + pixel]);
  const percent = (share) => `${significant(100 * share, 3)} %`;
  const row = ({ network, map, total }) =>
    element("tr", {},
      element("th", { scope: "row" }, swatch(network), network),
      element("td", { class: "number", "data-value": network }, significant(map[pixel])),
      element("td", { class: "number" }, total ? percent(map[pixel] / total) : "–"));
  return [
    element("table", {},
      element("caption", {}, `Row ${Math.floor(pixel / WIDTH)}, column ${pixel % WIDTH}, brightness ${brightness.join(", ")} of 255`),
      element("thead", {}, element("tr", {}, ["network", "attribution", "share"].map((head) => element("th", { scope: "col", class: head === "network" ? null : "number" }, head)))),
      element("tbody", {}, entries.map(row),
        element("tr", {}, element("th", { scope: "row", colspan: 2 }, apart.name), element("td", { class: "number", "data-value": "apart" }, percent(apart.shares[pixel]))))),
  ];
}

function pixelWords(pixel, entries) {
  if (pixel === null) return "";
  const values = entries.map(({ network, map }) => `${network} ${significant(map[pixel], 3)}`);
  return `Row ${Math.floor(pixel / WIDTH)}, column ${pixel % WIDTH}: ${values.join(", ")}`;
}
