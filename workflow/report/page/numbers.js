// Numbers as they are shown, and as they are read from cells.

function significant(value, digits = 4) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const text = value.toPrecision(digits);
  return text.replace("-", "−");
}

// At most so many digits, without zeros that say nothing: 1.5, 0.0021, 12 000 000.
function short(value, digits = 3) {
  if (value === null || !Number.isFinite(value)) return "–";
  return Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits });
}

// "+0.40": for what lies between -1 and 1.
function hundredths(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(2);
  return `${text === "0.00" || value > 0 ? "+" : "−"}${text}`;
}

// 1443000 -> "1.44 M", for axes.
function engineering(value) {
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= unit) return `${short(value / unit)} ${letter}`;
  }
  return short(value);
}

// The number that a cell begins with, as "98.93 % (98.7 to 99.1)" or "−0.25"; null if it is none.
// A shape, as "10 x 28 x 28", is none.
function leadingNumber(text) {
  const found = /^[\s<>≥≤p=~+]*([-−]?[\d,]*\.?\d+(?:e[-+−]?\d+)?)(?![\d.]|\s*[x×]\s*\d)/i.exec(text);
  if (!found) return null;
  const value = Number(found[1].replaceAll(",", "").replaceAll("−", "-"));
  return Number.isFinite(value) ? value : null;
}
