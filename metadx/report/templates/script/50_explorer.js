// The explorer: choose rows by test, site, population and quality; look at each of them.
const FILTERS = ["site", "modality", "population", "unit", "pool", "osteoporotic", "risk_of_bias"];

function chosen() {
  const values = {};
  for (const name of FILTERS) values[name] = byId("filter-" + name).value;
  return values;
}

function fits(row, values, ignored) {
  return FILTERS.every((name) =>
    name === ignored || !values[name] || String(row[name]) === values[name]);
}

// Only values that some row still has, given the other filters, can be chosen.
function offer(name, values) {
  const select = byId("filter-" + name);
  const counts = new Map();
  for (const row of DATA.rows) {
    if (fits(row, values, name)) counts.set(row[name], (counts.get(row[name]) || 0) + 1);
  }
  const before = select.value;
  const options = [node("option", { value: "" }, say("filter.any"))];
  for (const code of DATA.order[name]) {
    if (counts.has(code) || code === before) {
      const text = `${label(name, code)} (${counts.get(code) || 0})`;
      options.push(node("option", { value: code }, text));
    }
  }
  select.replaceChildren(...options);
  select.value = before;
  select.disabled = options.length < 2;
}

// The stratum of which all pooled rows, and no others, are shown.
function onlyStratum(rows) {
  const names = new Set(rows.map((row) => row.stratum));
  if (names.size !== 1 || !rows.every((row) => row.pooled)) return null;
  const stratum = DATA.strata[rows[0].stratum];
  const whole = DATA.rows.filter((row) => row.pooled && row.stratum === rows[0].stratum);
  return stratum && whole.length === rows.length ? stratum : null;
}

function describe(row) {
  const part = byId("study-shown");
  const cells = byId(row.anchor);
  const notes = byId(row.anchor + "-notes");
  const lines = [node("h4", {}, ...cloned(cells.querySelector("th")))];
  const counts = ["TP", "FP", "FN", "TN"].map((name, i) =>
    `${name} ${row.counts[i] === null ? "–" : row.counts[i]}`).join(", ");
  lines.push(node("p", {}, counts));
  for (const name of ["sensitivity", "specificity"]) {
    lines.push(node("p", {}, say(name) + ": ",
      row[name] ? interval(row[name], 2) : say("study.not_reported")));
  }
  lines.push(node("p", { class: "quiet" }, [label("modality", row.modality),
    label("site", row.site), label("population", row.population), label("unit", row.unit),
    label("pool", row.pool)].join(" · ")));
  if (notes) lines.push(node("p", { lang: "en" }, ...cloned(notes.querySelector("td"))));
  part.replaceChildren(...lines);
}

function cloned(element) {
  return [...element.childNodes].map((child) => child.cloneNode(true));
}

// A row that is pointed at, focused or tapped is described and marked in both figures.
function marker(element, row) {
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", studyWords(row));
  element.dataset.row = row.anchor;
  const show = () => {
    document.querySelectorAll("#explore .shown").forEach((old) => old.classList.remove("shown"));
    document.querySelectorAll(`#explore [data-row="${row.anchor}"]`).forEach((same) =>
      same.classList.add("shown"));
    describe(row);
  };
  for (const event of ["mouseenter", "focus", "click"]) element.addEventListener(event, show);
  return element;
}

function studyWords(row) {
  const parts = [row.name];
  for (const name of ["sensitivity", "specificity"]) {
    if (row[name]) parts.push(`${say(name)} ${interval(row[name], 2)}`);
  }
  return parts.join(", ");
}

function colours(rows) {
  const tests = [...new Set(rows.map((row) => row.modality))];
  return node("ul", { class: "legend" }, ...tests.map((test) =>
    node("li", {}, node("span", { class: "dot", style: `--test:${DATA.colors[test] || ""}` }),
      " " + label("modality", test))));
}

const SHOWN_ROWS = 80;

function explore() {
  const values = chosen();
  for (const name of FILTERS) offer(name, values);
  const rows = DATA.rows.filter((row) => fits(row, values));
  const stratum = onlyStratum(rows);
  const shown = rows.slice(0, SHOWN_ROWS);
  byId("explore-count").textContent = say(
    rows.length > SHOWN_ROWS ? "explore.too_many" : "explore.count",
    { rows: rows.length, shown: SHOWN_ROWS });
  byId("explore-pooled").textContent = stratum
    ? `${stratum.title[language()]}: ${stratum.model}` : say("explore.no_pooled");
  byId("explore-roc").replaceChildren(drawRoc(rows, stratum, marker));
  byId("explore-forest").replaceChildren(drawForest(shown, stratum, marker));
  byId("explore-legend").replaceChildren(colours(rows));
}

function openStratum(name) {
  const stratum = DATA.strata[name];
  for (const filter of FILTERS) byId("filter-" + filter).value = "";
  for (const filter of ["site", "modality", "population", "unit"]) {
    const select = byId("filter-" + filter);
    if (![...select.options].some((option) => option.value === stratum[filter])) {
      select.append(node("option", { value: stratum[filter] }));
    }
    select.value = stratum[filter];
  }
  byId("filter-pool").append(node("option", { value: "yes" }));
  byId("filter-pool").value = "yes";
  explore();
  byId("explore").scrollIntoView();
  byId("filter-site").focus({ preventScroll: true });
}

function explorer() {
  if (!byId("explore")) return;
  byId("explore").hidden = false;
  for (const name of FILTERS) byId("filter-" + name).addEventListener("change", explore);
  byId("explore-reset").addEventListener("click", () => {
    for (const name of FILTERS) byId("filter-" + name).value = "";
    explore();
  });
  document.querySelectorAll("button[data-stratum]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => openStratum(button.dataset.stratum));
  });
  for (const name of FILTERS) offer(name, chosen());
  openStratumQuietly(DATA.first);
  onLanguage(explore);
}

function openStratumQuietly(name) {
  const stratum = DATA.strata[name];
  if (!stratum) return explore();
  const values = { site: stratum.site, modality: stratum.modality,
    population: stratum.population, unit: stratum.unit, pool: "yes" };
  for (const [filter, value] of Object.entries(values)) byId("filter-" + filter).value = value;
  return explore();
}
