// Elements are made here and nowhere else. Text is set as text, so no name is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

let named = 0;

function choice(label, options, chosen, change) {
  const id = `choice-${named++}`;
  const select = element(
    "select",
    { id, onchange: () => change(select.value) },
    options.map(([value, text]) => element("option", { value }, text)),
  );
  select.value = chosen;
  return element("div", { class: "choice" }, element("label", { for: id }, label), select);
}

// What a reader of the screen is told of what is under the pointer.
function announcer() {
  return element("p", { class: "unseen", "aria-live": "polite" });
}
