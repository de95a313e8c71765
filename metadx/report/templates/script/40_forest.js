// The forest of the rows shown: one line a row, two panels, the pooled result below.
const FOREST = { row: 20, left: 190, panel: 150, gap: 136, top: 24 };

function forestX(margin, value) {
  const start = FOREST.left + (margin ? FOREST.panel + FOREST.gap : 0);
  return start + value * FOREST.panel;
}

function forestInterval(group, margin, numbers, y, kind) {
  if (!numbers) return;
  const [value, low, high] = numbers;
  const x = (p) => fixed(forestX(margin, p), 1);
  if (kind === "diamond") {
    group.append(shape("path", { class: "diamond",
      d: `M${x(low)} ${y}L${x(value)} ${y - 6}L${x(high)} ${y}L${x(value)} ${y + 6}Z` }));
  } else if (kind === "prediction") {
    group.append(shape("line", { class: "prediction", x1: x(low), x2: x(high), y1: y, y2: y }));
  } else {
    group.append(
      shape("line", { class: "whisker", x1: x(low), x2: x(high), y1: y, y2: y }),
      shape("rect", { class: "square", x: fixed(forestX(margin, value) - 3.5, 1), y: y - 3.5,
        width: 7, height: 7 }));
  }
  const shown = kind === "prediction" ? [null, low, high] : numbers;
  group.append(shape("text", { class: "value", x: forestX(margin, 1) + 6, y: y + 4 },
    interval(shown, 2)));
}

function forestLine(text, y, attributes) {
  const shown = text.length > 30 ? text.slice(0, 29) + "…" : text;
  return shape("g", attributes, shape("text", { x: 4, y: y + 4 }, shown));
}

function forestPooled(svg, stratum, y) {
  const pooled = forestLine(say("forest.pooled", { k: stratum.k }), y, { class: "pooled" });
  forestInterval(pooled, 0, stratum.sensitivity.pooled, y, "diamond");
  forestInterval(pooled, 1, stratum.specificity.pooled, y, "diamond");
  svg.append(pooled);
  const both = [stratum.sensitivity.prediction, stratum.specificity.prediction];
  if (!both[0] && !both[1]) return;
  const below = y + FOREST.row;
  const predicted = forestLine(say("forest.prediction"), below, { class: "pooled" });
  both.forEach((ends, margin) => {
    if (ends) forestInterval(predicted, margin, [null, ...ends], below, "prediction");
  });
  svg.append(predicted);
}

function drawForest(rows, stratum, mark) {
  const height = FOREST.top + FOREST.row * (rows.length + (stratum ? 2 : 0)) + 24;
  const width = forestX(1, 1) + FOREST.gap;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "group",
    "aria-label": say("forest.title") });
  ["sensitivity", "specificity"].forEach((name, margin) => {
    svg.append(shape("text", { class: "axis", x: forestX(margin, 0), y: 12 }, say(name)));
    for (const tick of [0, 0.5, 1]) {
      const x = forestX(margin, tick);
      svg.append(
        shape("line", { class: "grid", x1: x, x2: x, y1: FOREST.top - 6, y2: height - 18 }),
        shape("text", { x, y: height - 4, "text-anchor": "middle" }, String(tick)));
    }
  });
  rows.forEach((row, i) => {
    const y = FOREST.top + FOREST.row * (i + 0.5);
    const group = forestLine(row.name, y, {
      class: "study" + (row.pooled ? "" : " left-out"), style: `--test:${DATA.colors[row.modality]}` });
    forestInterval(group, 0, row.sensitivity, y);
    forestInterval(group, 1, row.specificity, y);
    svg.append(mark(group, row));
  });
  if (stratum) forestPooled(svg, stratum, FOREST.top + FOREST.row * (rows.length + 0.5));
  return svg;
}
