// Small tables as coloured squares: how like each other the networks' maps are.

function agreementMatrix(figure) {
  const rows = rowsOf(STUDY.agreement);
  if (rows.length === 0) return;
  const place = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Agreement of every pair of networks" });
  const measures = Object.entries({
    agreement: "agreement", partial: "given brightness", of_ceiling: "of what seeds allow",
    feature_agreement: "top 10 % of pixels", sign_agreement: "top 10 % with their signs",
  }).filter(([name]) => rows.some((row) => row[name] !== null && row[name] !== undefined));
  if (measures.length === 0) return;
  const find = (one, other) => rows.find((row) => (row.network_a === one && row.network_b === other) || (row.network_a === other && row.network_b === one));
  const ownUnknown = (one, other) => one === other && find(one, other)?.pairs === 0;
  const draw = (measure) => {
    const names = NETWORKS.map(({ network }) => network).filter(shown);
    const others = rows.some(({ network_b: other }) => other === "brightness") ? [...names, "brightness"] : names;
    const cell = (one, other) => {
      const row = find(one, other);
      const value = row?.[measure] ?? null;
      const limits = row?.[`${measure}_low`];
      const title = limits === undefined || limits === null ? "" : `95 % interval ${hundredths(limits)} to ${hundredths(row[`${measure}_high`])}`;
      const strength = value === null ? 0 : Math.round(Math.min(Math.abs(value), 1) * 70);
      return element("td", { class: "square", title: `${one} and ${other === "brightness" ? "the bare image" : other}. ${title}`, style: `--strength: ${strength}%; --square: var(--${value < 0 ? "against" : "for"})` }, value !== null ? hundredths(value) : ownUnknown(one, other) ? "unknown" : "–");
    };
    place.replaceChildren(element("table", { class: "matrix" },
      element("thead", {}, element("tr", {}, element("td"), others.map((other) => element("th", { scope: "col" }, other === "brightness" ? "the bare image" : other)))),
      element("tbody", {}, names.map((one) => element("tr", {}, element("th", { scope: "row" }, one), others.map((other) => cell(one, other)))))));
  };
  let measure = measures[0][0];
  figure.append(choice("measure", measures, measure, (chosen) => draw((measure = chosen))), place);
  if (NETWORKS.some(({ network }) => ownUnknown(network, network))) {
    figure.append(element("p", { class: "note" }, "On the diagonal, other seeds of the same network: unknown with one seed. studies/explain.yaml runs several."));
  }
  follow(() => draw(measure));
  draw(measure);
}
