"use strict";
(function () {
  function open(node) {
    for (; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
  }
  function follow() {
    var id = decodeURIComponent(location.hash.slice(1));
    var target = id && document.getElementById(id);
    if (!target) return;
    open(target);
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  document.querySelectorAll("a[href^='#']").forEach(function (link) {
    link.addEventListener("click", function () {
      if (link.hash === location.hash) setTimeout(follow, 0);
    });
  });
  document.querySelectorAll("button[data-all]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var state = button.dataset.all === "open";
      document.querySelectorAll("#strata details.stratum").forEach(function (node) {
        node.open = state;
      });
    });
  });
  follow();
})();
