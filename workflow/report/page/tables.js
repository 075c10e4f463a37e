// Every table of the page: sorted by its heads and, with a third click, as it was; its numbers with bars, its rows as the toolbox says.

function plainText(cell) {
  return cell.textContent.trim();
}

// Whether all of a column's cells that say something begin with a number, and none goes on in words.
function isNumeric(cells) {
  const said = cells.map(plainText).filter((text) => text !== "–" && text !== "");
  const numbers = said.filter((text) => leadingNumber(text) !== null);
  return said.length > 0 && numbers.length === said.length && !said.some((text) => /[a-z]{3,} [a-z]/i.test(text));
}

function compareCells(one, other, numeric) {
  if (!numeric) return one.localeCompare(other, "en", { numeric: true });
  return leadingNumber(one) - leadingNumber(other);
}

// Rows in order; what says nothing stays last whichever way.
function sortRows(body, column, numeric, falling) {
  const rows = [...body.rows];
  const silent = (text) => (numeric ? leadingNumber(text) === null : text === "–" || text === "");
  rows.sort((one, other) => {
    const [left, right] = [one, other].map((row) => plainText(row.cells[column]));
    if (silent(left) || silent(right)) return Number(silent(left)) - Number(silent(right));
    return compareCells(left, right, numeric) * (falling ? -1 : 1);
  });
  body.append(...rows);
}

function addBars(cells) {
  const values = cells.map((cell) => leadingNumber(plainText(cell)));
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (high === low) return;
  // Where all lie close together a bar from 0 tells nothing: the lowest then has a short one.
  const from = low < 0 || low > 0.5 * high ? low - 0.15 * (high - low) : 0;
  cells.forEach((cell, row) => {
    if (values[row] === null) return;
    cell.style.setProperty("--bar", `${(100 * (values[row] - from)) / (high - from)}%`);
    cell.classList.add("bar");
  });
}

function makeSortable(table) {
  const [body, heads] = [table.tBodies[0], [...table.tHead.rows[0].cells]];
  const columns = heads.map((_, column) => [...body.rows].map((row) => row.cells[column]));
  const given = [...body.rows];
  heads.forEach((head, column) => {
    head.scope = "col";
    const numeric = isNumeric(columns[column]);
    if (numeric) {
      // An interval or a second number behind it would not stand below its like.
      const bare = columns[column].every((cell) => !/[(/]/.test(plainText(cell)));
      if (bare) [head, ...columns[column]].forEach((cell) => ((cell.style.textAlign = ""), cell.classList.add("number")));
      if (!/^p\b/.test(plainText(head))) addBars(columns[column]); // a p value is no amount
    }
    const button = element("button", { type: "button", class: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // Of numbers the largest first, of words the first of the alphabet; then the other way; then as given.
      const before = head.getAttribute("aria-sort");
      const falling = before === null ? numeric : !numeric;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (before !== null && (before === "descending") !== numeric) return body.append(...given);
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      sortRows(body, column, numeric, falling);
    });
  });
}

// Columns to choose, of a table that may be too wide for the screen.
function chooseColumns(table) {
  const heads = [...table.tHead.rows[0].cells];
  const boxes = heads.slice(1).map((head, before) => {
    const box = element("input", {
      type: "checkbox",
      onchange: () => {
        for (const row of table.rows) row.cells[before + 1].hidden = !box.checked;
      },
    });
    box.checked = true;
    return element("label", {}, box, plainText(head));
  });
  return element(
    "details",
    { class: "chooser" },
    element("summary", {}, "Columns"),
    element("div", { role: "group", "aria-label": "Columns shown" }, boxes),
  );
}

// What a table is called: by the fold that it is in, or the heading that it is under.
function titleOf(box) {
  const fold = box.closest("details");
  if (fold) return plainText(fold.querySelector("summary"));
  const before = (heading) => heading.compareDocumentPosition(box) & Node.DOCUMENT_POSITION_FOLLOWING;
  return plainText([...document.querySelectorAll("main > :is(h1, h2, h3)")].findLast(before));
}

function interactiveTable(table, title = titleOf(table.parentElement)) {
  if (!table.tHead || table.tBodies.length === 0) return;
  const rows = [...table.tBodies[0].rows];
  const names = rows.map((row) => plainText(row.cells[0]));
  const box = table.parentElement;
  box.tabIndex = 0; // it scrolls, by keys too
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `Table: ${title}`);
  if (rows.length > 1) makeSortable(table);
  if (table.tHead.rows[0].cells.length > 7) box.before(chooseColumns(table));
  rows.forEach((row, position) => {
    if (!LOOKS.has(names[position])) return;
    row.cells[0].setAttribute("role", "rowheader");
    row.dataset.network = names[position];
    row.cells[0].prepend(swatch(names[position]));
    follow(() => (row.hidden = !shown(names[position])));
  });
}

// A table beside a chart, with its values for those who cannot see it or want to copy them.
function valuesTable(heads, rows) {
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", {}, head)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell))))),
  );
  const details = element("details", { class: "values" }, element("summary", {}, "Values as a table"), element("div", { class: "scroll" }, table));
  interactiveTable(table, heads.join(", "));
  return details;
}
