// Scales, ticks and axes of the charts.

function linear([low, high], [from, to]) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

function logarithmic([low, high], range) {
  const scale = linear([Math.log(low), Math.log(high)], range);
  return (value) => scale(Math.log(value));
}

// Multiples of 1, 2 or 5 times a power of ten, some five of them.
function linearTicks(low, high, whole = false) {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((multiple) => multiple * power).find((step) => step >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9); tick * step <= high * (1 + 1e-9) + 1e-12; tick++) {
    ticks.push(Number((tick * step).toPrecision(12)));
  }
  return ticks;
}

function logTicks(low, high) {
  const within = (multiples) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const multiple of multiples) {
        const tick = Number((multiple * 10 ** power).toPrecision(3));
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    }
    return ticks;
  };
  let ticks = within([1, 2, 5]);
  if (ticks.length > 9) ticks = within([1]);
  if (ticks.length < 4) ticks = within([1, 1.5, 2, 3, 4, 5, 7]);
  return ticks;
}

// Limits of a logarithmic axis: a little beyond the values.
function logLimits(values) {
  const known = values.filter((value) => value > 0);
  if (known.length === 0) return [0.1, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return [low / 1.15, high * 1.15];
}

const MARGIN = { top: 12, right: 14, bottom: 42, left: 58 };

// A chart's frame: grid, ticks and titles. x and y have scale, ticks, title and format.
function frame(width, height, x, y) {
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const parts = [];
  for (const tick of y.ticks) {
    const at = y.scale(tick);
    parts.push(drawing("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }));
    parts.push(drawing("text", { x: MARGIN.left - 8, y: at, class: "tick end" }, y.format(tick)));
  }
  for (const tick of x.ticks) {
    const at = x.scale(tick);
    parts.push(drawing("line", { class: "grid", x1: at, x2: at, y1: bottom, y2: bottom + 5 }));
    parts.push(drawing("text", { x: at, y: bottom + 17, class: "tick" }, x.format(tick)));
  }
  parts.push(drawing("line", { class: "axis", x1: MARGIN.left, x2: right, y1: bottom, y2: bottom }));
  parts.push(drawing("text", { class: "title", x: (MARGIN.left + right) / 2, y: height - 10 }, x.title));
  const middle = (MARGIN.top + bottom) / 2;
  parts.push(drawing("text", { class: "title", transform: `translate(13 ${middle}) rotate(-90)` }, y.title));
  return drawing("g", { "aria-hidden": "true" }, parts);
}

// Calls draw(width) now and whenever the place becomes wider or narrower.
function fitted(place, draw) {
  let last = 0;
  const redraw = () => {
    const width = Math.round(place.clientWidth) || 640;
    if (width !== last) draw((last = width));
  };
  new ResizeObserver(redraw).observe(place);
  redraw();
}
