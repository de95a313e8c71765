// The calculator: what a result of the test means in a patient with this pretest probability.

// Posttest probability, its confidence interval and what a new hospital may see. An odds is
// the pretest odds times the likelihood ratio, so the ends of the ratio give those of the result.
function posttest(pretest, ratio) {
  const at = (x) => (x === null ? null : expit(logit(pretest) + Math.log(x)));
  return {
    mean: [ratio.value, ratio.low, ratio.high].map(at),
    prediction: ratio.prediction ? ratio.prediction.map(at) : null,
  };
}

// Of a thousand patients: counts as whole numbers that add up to the thousand.
function frequencies(pretest, sensitivity, specificity) {
  const diseased = Math.round(1000 * pretest);
  const healthy = 1000 - diseased;
  const found = sensitivity.map((x) => Math.round(diseased * x));
  const cleared = specificity.map((x) => Math.round(healthy * x));
  return {
    diseased, healthy,
    found, missed: [diseased - found[0], diseased - found[2], diseased - found[1]],
    cleared, alarms: [healthy - cleared[0], healthy - cleared[2], healthy - cleared[1]],
  };
}

function wholeInterval(numbers) {
  return say("interval", { value: numbers[0], low: numbers[1], high: numbers[2] });
}

function calculatorAnswer(pretest, stratum) {
  const rows = [];
  for (const [name, ratio] of [["positive", stratum.ratios.positive],
    ["negative", stratum.ratios.negative]]) {
    const result = posttest(pretest, ratio);
    const cell = node("td", { class: "num" }, percentage(result.mean));
    cell.dataset.result = name;
    cell.dataset.value = result.mean.join(" ");
    const spread = node("td", { class: "num" },
      result.prediction ? percentage([null, ...result.prediction]) : say("calculator.no_spread"));
    spread.dataset.result = name + "-prediction";
    if (result.prediction) spread.dataset.value = result.prediction.join(" ");
    rows.push(node("tr", {}, node("th", { scope: "row" }, say("calculator." + name)), cell, spread));
  }
  return rows;
}

function percentage(numbers) {
  return interval(numbers, 1, 100) + "%";
}

function frequencySentence(pretest, stratum) {
  const all = frequencies(pretest, stratum.ratios.sensitivity, stratum.ratios.specificity);
  return say("calculator.sentence", {
    diseased: all.diseased, healthy: all.healthy,
    found: wholeInterval(all.found), missed: wholeInterval(all.missed),
    alarms: wholeInterval(all.alarms), cleared: wholeInterval(all.cleared),
  });
}

const FAGAN = { width: 420, height: 440, top: 26, bottom: 16, left: 70, right: 350, span: 7 };
const FAGAN_TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7,
  0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
const FAGAN_RATIOS = [0.001, 0.005, 0.02, 0.1, 0.3, 1, 3, 10, 50, 200, 1000];

function faganY(logOdds) {
  const inside = Math.max(-FAGAN.span, Math.min(FAGAN.span, logOdds));
  const middle = (FAGAN.top + FAGAN.height - FAGAN.bottom) / 2;
  return middle - (inside / FAGAN.span) * (FAGAN.height - FAGAN.top - FAGAN.bottom) / 2;
}

// Pretest odds run downwards, so that a straight line adds the logarithm of the ratio.
function faganAxes(svg) {
  const middle = (FAGAN.left + FAGAN.right) / 2;
  for (const [x, title] of [[FAGAN.left, "calculator.pretest"], [middle, "calculator.ratio"],
    [FAGAN.right, "calculator.posttest"]]) {
    svg.append(
      shape("line", { class: "axis-line", x1: x, x2: x, y1: faganY(FAGAN.span),
        y2: faganY(-FAGAN.span) }),
      shape("text", { class: "axis", x, y: 14, "text-anchor": "middle" }, say(title)));
  }
  for (const p of FAGAN_TICKS) {
    const text = fixed(100 * p, p < 0.01 || p > 0.99 ? 1 : 0);
    faganTick(svg, FAGAN.left, faganY(-logit(p)), text, "end");
    faganTick(svg, FAGAN.right, faganY(logit(p)), text, "start");
  }
  for (const ratio of FAGAN_RATIOS) {
    faganTick(svg, middle, faganY(Math.log(ratio) / 2), String(ratio), "start");
  }
}

function faganTick(svg, x, y, text, anchor) {
  const side = anchor === "end" ? -1 : 1;
  svg.append(
    shape("line", { class: "axis-line", x1: x, x2: x + 4 * side, y1: y, y2: y }),
    shape("text", { class: "tick", x: x + 7 * side, y: y + 3.5, "text-anchor": anchor }, text));
}

function faganBand(svg, start, ends, style) {
  if (!ends || ends.some((x) => x === null)) return;
  const [low, high] = ends.map((p) => faganY(logit(p)));
  svg.append(shape("path", { class: style,
    d: `M${FAGAN.left} ${start}L${FAGAN.right} ${low}L${FAGAN.right} ${high}Z` }));
}

function drawFagan(pretest, stratum) {
  const svg = shape("svg", { viewBox: `0 0 ${FAGAN.width} ${FAGAN.height}`, role: "img",
    "aria-label": say("calculator.fagan") });
  const start = faganY(-logit(pretest));
  for (const name of ["positive", "negative"]) {
    const result = posttest(pretest, stratum.ratios[name]);
    faganBand(svg, start, result.prediction, "band-prediction " + name);
    faganBand(svg, start, result.mean.slice(1), "band-confidence " + name);
    svg.append(shape("line", { class: "result " + name, x1: FAGAN.left, y1: start,
      x2: FAGAN.right, y2: faganY(logit(result.mean[0])) }));
  }
  faganAxes(svg);
  return svg;
}

function calculate() {
  const stratum = DATA.strata[byId("calculator-stratum").value];
  const percent = Number(byId("calculator-pretest").value);
  const pretest = percent / 100;
  byId("calculator-percent").textContent = fixed(percent, 1) + "%";
  byId("calculator-pretest").setAttribute("aria-valuetext", fixed(percent, 1) + "%");
  byId("calculator-rows").replaceChildren(...calculatorAnswer(pretest, stratum));
  byId("calculator-sentence").textContent = frequencySentence(pretest, stratum);
  byId("calculator-basis").textContent = say("calculator.basis", {
    k: stratum.k, source: say("source." + stratum.ratios.source) });
  byId("calculator-fagan").replaceChildren(drawFagan(pretest, stratum));
}

function calculator() {
  const select = byId("calculator-stratum");
  if (!select) return;
  byId("calculator").hidden = false;
  const draw = () => {
    const before = select.value || DATA.first_ratios;
    const names = Object.keys(DATA.strata).filter((name) => DATA.strata[name].ratios);
    select.replaceChildren(...names.map((name) =>
      node("option", { value: name }, DATA.strata[name].title[language()])));
    select.value = before;
    calculate();
  };
  select.addEventListener("change", calculate);
  byId("calculator-pretest").addEventListener("input", calculate);
  document.querySelectorAll("button[data-pretest]").forEach((button) => {
    button.addEventListener("click", () => {
      byId("calculator-pretest").value = button.dataset.pretest;
      calculate();
    });
  });
  onLanguage(draw);
}
