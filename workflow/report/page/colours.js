// Colours of maps: red for, blue against, nothing between; safe for colour-blind readers.

const LIGHT = { middle: [255, 255, 255], for: [[244, 165, 130], [178, 24, 43]], against: [[146, 197, 222], [5, 72, 145]] };
const DARK = { middle: [22, 26, 31], for: [[150, 52, 48], [255, 138, 112]], against: [[36, 88, 140], [110, 190, 255]] };
const darkness = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function palette() {
  return darkness.matches && !printing ? DARK : LIGHT;
}

function mix(one, other, share) {
  return one.map((channel, index) => channel + (other[index] - channel) * share);
}

// The colour [red, green, blue] of a value between -1 and 1; beyond, that of the end.
function colourAt(value, { middle, for: reds, against: blues }) {
  if (!Number.isFinite(value)) return [128, 128, 128];
  const [half, full] = value >= 0 ? reds : blues;
  const size = Math.min(Math.abs(value), 1);
  return size < 0.5 ? mix(middle, half, 2 * size) : mix(half, full, 2 * size - 1);
}

// Calls redraw when the colours change: another scheme, or a print, which is always light.
function followColours(redraw) {
  darkness.addEventListener("change", redraw);
  for (const [event, state] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      printing = state;
      redraw();
    });
  }
}
