// The strategies of one question at a pretest probability, from the table of results.
function strategyCell(numbers) {
  const [value, low, high] = numbers;
  const known = value !== null;
  const words = known ? interval(low === high ? [value, null, null] : numbers, 0) : null;
  const cell = node("td", { class: "num" }, known ? words : say("strategies.unknown"));
  if (known) cell.dataset.value = numbers.join(" ");
  return cell;
}

function compareStrategies() {
  const file = DATA.strategies[Number(byId("strategies-file").value)];
  const percent = Number(byId("strategies-pretest").value);
  const at = DATA.pretest_percent.indexOf(percent);
  byId("strategies-percent").textContent = percent + "%";
  const best = Math.max(...file.strategies.map((one) => one.probability_best[at] || 0));
  byId("strategies-rows").replaceChildren(...file.strategies.map((one) => {
    const share = one.probability_best[at];
    const words = share === null ? say("strategies.not_ranked") : fixed(100 * share, 0) + "%";
    return node("tr", share !== null && share === best ? { class: "preferred" } : {},
      node("th", { scope: "row", lang: "en" }, one.label),
      ...["missed", "false_alarms", "imaging"].map((name) => strategyCell(one[name][at])),
      node("td", { class: "num" }, words));
  }));
}

function strategies() {
  const select = byId("strategies-file");
  if (!select) return;
  document.querySelector("#strategies .controls").hidden = false;
  select.replaceChildren(...DATA.strategies.map((file, i) =>
    node("option", { value: i, lang: "en" }, file.title)));
  select.addEventListener("change", compareStrategies);
  byId("strategies-pretest").addEventListener("input", compareStrategies);
  onLanguage(compareStrategies);
}
