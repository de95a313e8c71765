// What every part of the page uses: its data, words in the reader's language, and small SVG.
const SVG = "http://www.w3.org/2000/svg";
const DATA = JSON.parse(document.getElementById("page-data").textContent);

function byId(id) {
  return document.getElementById(id);
}

function language() {
  return document.documentElement.lang === "zh" ? "zh" : "en";
}

// A text of the catalogue with its {places} filled.
function say(key, values) {
  const found = DATA.words[key];
  const text = found ? found[language()] : key;
  return text.replace(/\{(\w+)\}/g, (whole, name) =>
    values && name in values ? values[name] : whole);
}

// A label of a code of the tables, as "population:radiograph_negative".
function label(column, code) {
  const found = DATA.labels[column] && DATA.labels[column][code];
  return found ? found[language()] : code;
}

function node(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function shape(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children) {
    if (child !== null) element.append(child);
  }
  return element;
}

function fixed(value, digits) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

// 0.94 (0.89 to 0.97), as reviewers write it; every digit stays in the attribute.
function interval(numbers, digits, scale) {
  const [value, low, high] = numbers.map((x) => (x === null ? null : x * (scale || 1)));
  if (value === null) return say("range", { low: fixed(low, digits), high: fixed(high, digits) });
  if (low === null) return fixed(value, digits);
  return say("interval", {
    value: fixed(value, digits), low: fixed(low, digits), high: fixed(high, digits),
  });
}

function logit(p) {
  return Math.log(p / (1 - p));
}

function expit(x) {
  return 1 / (1 + Math.exp(-x));
}

// Everything that shows words of the catalogue draws itself again when the language changes.
const redraws = [];
function onLanguage(draw) {
  redraws.push(draw);
}
