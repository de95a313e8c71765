// Studies in ROC space, with the pooled result of a stratum where only one is shown.
const ROC = { size: 420, left: 48, bottom: 44, top: 10, right: 12 };

function rocX(fpr) {
  return ROC.left + fpr * (ROC.size - ROC.left - ROC.right);
}

function rocY(sensitivity) {
  return ROC.top + (1 - sensitivity) * (ROC.size - ROC.top - ROC.bottom);
}

function rocPath(points) {
  return points.map(([x, y], i) =>
    (i ? "L" : "M") + fixed(rocX(x), 1) + " " + fixed(rocY(y), 1)).join("");
}

function rocAxes(svg) {
  for (const tick of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    svg.append(
      shape("line", { class: "grid", x1: rocX(tick), x2: rocX(tick), y1: rocY(0), y2: rocY(1) }),
      shape("line", { class: "grid", x1: rocX(0), x2: rocX(1), y1: rocY(tick), y2: rocY(tick) }),
      shape("text", { x: rocX(tick), y: rocY(0) + 16, "text-anchor": "middle" },
        fixed(1 - tick, 1)),
      shape("text", { x: rocX(0) - 6, y: rocY(tick) + 4, "text-anchor": "end" }, fixed(tick, 1)));
  }
  const middle = (rocY(0) + rocY(1)) / 2;
  svg.append(
    shape("text", { class: "axis", x: rocX(0.5), y: ROC.size - 6, "text-anchor": "middle" },
      say("specificity")),
    shape("text", { class: "axis", x: 12, y: middle, "text-anchor": "middle",
      transform: `rotate(-90 12 ${middle})` }, say("sensitivity")));
}

function rocPooled(svg, stratum) {
  const drawn = stratum.drawn;
  for (const name of ["prediction_region", "confidence_region"]) {
    if (drawn[name]) svg.append(shape("path", { class: name, d: rocPath(drawn[name]) + "Z" }));
  }
  if (drawn.curve) svg.append(shape("path", { class: "curve", d: rocPath(drawn.curve) }));
  if (drawn.summary) {
    svg.append(shape("circle", { class: "summary", cx: rocX(drawn.summary[0]),
      cy: rocY(drawn.summary[1]), r: 6 }));
  }
}

// A study of both margins is a mark; of one margin, a tick on that margin's axis.
function rocStudy(row) {
  const [sensitivity, specificity] = [row.sensitivity, row.specificity];
  const attributes = { class: "study" + (row.pooled ? "" : " left-out"), style: `--test:${DATA.colors[row.modality]}` };
  if (sensitivity && specificity) {
    const size = 3 + Math.min(9, Math.sqrt(row.n) / 4);
    return shape("circle", { ...attributes, r: fixed(size, 1),
      cx: fixed(rocX(1 - specificity[0]), 1), cy: fixed(rocY(sensitivity[0]), 1) });
  }
  if (sensitivity) {
    const y = fixed(rocY(sensitivity[0]), 1);
    return shape("line", { ...attributes, x1: rocX(0) - 5, x2: rocX(0) + 9, y1: y, y2: y });
  }
  const x = fixed(rocX(1 - specificity[0]), 1);
  return shape("line", { ...attributes, y1: rocY(0) + 5, y2: rocY(0) - 9, x1: x, x2: x });
}

function drawRoc(rows, stratum, mark) {
  const svg = shape("svg", { viewBox: `0 0 ${ROC.size} ${ROC.size}`, role: "group",
    "aria-label": say("roc.title") });
  rocAxes(svg);
  if (stratum) rocPooled(svg, stratum);
  for (const row of rows) {
    if (row.sensitivity || row.specificity) svg.append(mark(rocStudy(row), row));
  }
  return svg;
}
