// Attributions as the page holds them: unpacked when they are first looked at, exact to the last bit.

const MAPS = JSON.parse(document.getElementById("maps").textContent);
const [CHANNELS, HEIGHT, WIDTH] = MAPS.shape;
const PIXELS = HEIGHT * WIDTH;
const unpacked = new Map();

async function bytesOf(id) {
  const text = atob(document.querySelector(`[data-part="${CSS.escape(id)}"]`).textContent);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function once(id, make) {
  if (!unpacked.has(id)) unpacked.set(id, make());
  return unpacked.get(id);
}

function loadImages() {
  return once("images", () => bytesOf("images"));
}

// One image's brightness per channel, a view of [channels x pixels].
function imageAt(images, index) {
  return images.subarray(index * CHANNELS * PIXELS, (index + 1) * CHANNELS * PIXELS);
}

// Which pixels are ink, as the library has it: one of the channels is above 0.
function inkOf(image) {
  const ink = new Uint8Array(PIXELS);
  for (let at = 0; at < image.length; at++) if (image[at] > 0) ink[at % PIXELS] = 1;
  return ink;
}

// The maps of one network, seed and kind, Float32Array [count x pixels]; those on ink alone are 0 elsewhere.
function loadMaps(kind, seed, network) {
  const id = `${kind}-${seed}-${network}`;
  return once(id, async () => {
    const group = groupOf(kind, seed);
    const [planes, images] = await Promise.all([bytesOf(id), loadImages()]);
    const values = floatsOf(planes);
    if (group.whole[network]) return values;
    const maps = new Float32Array(group.count * PIXELS);
    let next = 0;
    for (let index = 0; index < group.count; index++) {
      const ink = inkOf(imageAt(images, index));
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        if (ink[pixel]) maps[index * PIXELS + pixel] = values[next++];
      }
    }
    return maps;
  });
}

// Four planes of bytes, first bytes first, as little-endian floats.
function floatsOf(planes) {
  const count = planes.length / 4;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < 4; plane++) {
    for (let at = 0; at < count; at++) bytes[4 * at + plane] = planes[plane * count + at];
  }
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: count }, (_, at) => view.getFloat32(4 * at, true));
}

function groupOf(kind, seed) {
  return MAPS.groups.find((group) => group.kind === kind && group.seed === seed);
}

function runOf(network, seed) {
  return MAPS.runs.find((run) => run.network === network && run.seed === seed);
}

// The sum of absolute values, that a map's shares are of.
function totalOf(map) {
  return map.reduce((sum, value) => sum + Math.abs(value), 0);
}

// The share that has the full colour: the 99th percentile of those on ink that are not 0.
function scaleOf(shares) {
  const sizes = Float64Array.from(shares, Math.abs).filter((size) => size > 0).sort();
  return sizes.length ? sizes[Math.min(sizes.length - 1, Math.floor(0.99 * sizes.length))] : 0;
}

// Rank correlation of two maps on the pixels given, as the tables have it (Spearman's; ties share a rank).
function rankCorrelation(one, other, pixels) {
  const [left, right] = [one, other].map((map) => ranks(pixels.map((pixel) => map[pixel])));
  const mean = (pixels.length - 1) / 2;
  let [both, first, second] = [0, 0, 0];
  left.forEach((rank, at) => {
    both += (rank - mean) * (right[at] - mean);
    first += (rank - mean) ** 2;
    second += (right[at] - mean) ** 2;
  });
  return first && second ? both / Math.sqrt(first * second) : null;
}

function ranks(values) {
  const order = values.map((_, at) => at).sort((one, other) => values[one] - values[other]);
  const ranked = new Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let at = start; at < end; at++) ranked[order[at]] = (start + end - 1) / 2;
    start = end;
  }
  return ranked;
}

// Paints a map of shares; scale is the share with the full colour.
function paint(canvas, shares, scale) {
  const colours = palette();
  paintPixels(canvas, (pixel) => colourAt(scale ? shares[pixel] / scale : 0, colours));
}

function paintImage(canvas, image) {
  paintPixels(canvas, (pixel) => (CHANNELS === 1 ? [image[pixel], image[pixel], image[pixel]] : [0, 1, 2].map((channel) => image[Math.min(channel, CHANNELS - 1) * PIXELS + pixel])));
}

function paintPixels(canvas, colour) {
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext("2d");
  const painted = context.createImageData(WIDTH, HEIGHT);
  for (let pixel = 0; pixel < PIXELS; pixel++) painted.data.set([...colour(pixel), 255], 4 * pixel);
  context.putImageData(painted, 0, 0);
}
