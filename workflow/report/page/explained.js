// How far explanations can be believed: what networks lose with the pixels that maps name, and what
// is left of a map when layers are given random weights.

const FILLS = { black: "black", road: "noise like their neighbours (ROAD)" };

function perturbationCurves(figure) {
  const rows = rowsOf(STUDY.perturbation);
  const place = element("div");
  const options = [];
  for (const kind of ["deletion", "insertion"]) {
    for (const [fill, words] of Object.entries(FILLS)) options.push([`${kind} ${fill}`, `${kind}, the rest filled with ${words}`]);
  }
  const draw = (chosen) => {
    const [kind, fill] = chosen.split(" ");
    const some = rows.filter((row) => row.kind === kind && row.fill === fill);
    const percents = some.map((row) => ({ ...row, share: 100 * row.share }));
    const words = (row) => (row.order === "own" ? "by its map" : "by brightness");
    const lines = linesOf(percents, "share", (row) => row.probability, words, (row) => (row.order === "own" ? "none" : "2 3"));
    place.replaceChildren(
      curves({ lines, label: `Probability of the true class under ${kind}`, xTitle: `pixels ${kind === "deletion" ? "removed" : "put back"} (%)`, yTitle: "probability of the true class" }),
      element("p", { class: "note" }, "Solid: pixels in the order of the network's own map. Dotted: in the order of their brightness."),
    );
  };
  figure.append(choice("measure", options, options[0][0], draw), place);
  draw(options[0][0]);
  randomisationCurves(figure);
}

function randomisationCurves(figure) {
  const rows = rowsOf(STUDY.randomisation);
  if (rows.length === 0) return;
  const place = element("div");
  const measures = [["signed", "signed"], ["absolute", "absolute values"]];
  const draw = (measure) =>
    place.replaceChildren(curves({ lines: linesOf(rows, "depth", (row) => row[measure]), label: "Rank correlation with the trained network's map", xTitle: "layers with random weights, from the last", yTitle: "rank correlation", whole: true }));
  figure.append(element("h4", {}, "What is left of a map when layers are given random weights"), choice("maps", measures, "signed", draw), place);
  draw("signed");
}
