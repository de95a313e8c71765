// Links into folded parts, and buttons that open or close all of them.
function reveal(target) {
  for (let inner = target; inner; inner = inner.parentElement) {
    if (inner.tagName === "DETAILS") inner.open = true;
  }
}

function follow() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && byId(id);
  if (!target) return;
  reveal(target);
  target.scrollIntoView();
}

function navigation() {
  window.addEventListener("hashchange", follow);
  document.querySelectorAll("a[href^='#']").forEach((link) => {
    link.addEventListener("click", () => {
      if (link.hash === location.hash) setTimeout(follow, 0);
    });
  });
  document.querySelectorAll("button[data-all]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      document.querySelectorAll("#strata details.stratum").forEach((part) => {
        part.open = button.dataset.all === "open";
      });
    });
  });
  follow();
}
