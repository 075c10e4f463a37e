// What the page does when it is open. What is far down waits until the first screen is there.

const FIGURES = {
  learning_curves: learningCurves,
  accuracy_against_cost: accuracyAgainstCost,
  agreement: agreementMatrix,
  deletion_curves: perturbationCurves,
  heatmaps: heatmapBrowser,
};

toolbox();
document.querySelectorAll("main table").forEach((table) => interactiveTable(table));
for (const figure of document.querySelectorAll("figure[data-figure]")) {
  const { figure: name, label } = figure.dataset;
  figure.prepend(element("figcaption", {}, label));
  FIGURES[name](figure);
}
// What scrolls is reached by keys.
for (const wide of document.querySelectorAll("figure:not([data-figure]), pre")) {
  if (wide.scrollWidth <= wide.clientWidth) continue;
  fill(wide, { tabindex: 0, role: "region", "aria-label": wide.querySelector("img")?.alt ?? "Commands" }, []);
}
// A narrow screen begins with the answer, not with a list.
if (innerWidth < 1100) document.querySelector("nav details").open = false;

// Paper cannot be unfolded.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main details:not([open])")];
  folded.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => folded.forEach((details) => (details.open = false)));
