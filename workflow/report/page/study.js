// The study, as the page was given it.

const STUDY = JSON.parse(document.getElementById("study").textContent);

// A table of columns as a list of rows.
function rowsOf(table) {
  const names = Object.keys(table ?? {});
  return names.length === 0
    ? []
    : table[names[0]].map((_, row) => Object.fromEntries(names.map((name) => [name, table[name][row]])));
}

const NETWORKS = rowsOf(STUDY.networks);
const BASELINE = NETWORKS.find((row) => row.baseline).network;
const BEST = NETWORKS.find((row) => row.best).network;
