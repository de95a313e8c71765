"use strict";
// Slider and number say the same; either may be used.
document.addEventListener("input", (event) => {
  const pairs = { "pretest-slider": "pretest", "pretest": "pretest-slider" };
  const other = document.getElementById(pairs[event.target.id] || "");
  if (other && event.target.value !== "") other.value = event.target.value;
});
// A form that opens has the focus, and gives it back when it closes.
let opener = null;
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.getAttribute("hx-target") === "#editor") opener = button;
  if (button.dataset.close) {
    document.getElementById(button.dataset.close).replaceChildren();
    if (opener && opener.isConnected) opener.focus();
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  const id = event.detail.target.id;
  if (id === "editor") {
    const title = document.getElementById("editor-title");
    if (title) { title.focus(); title.scrollIntoView({ block: "nearest" }); }
  }
  if (id === "message") event.detail.target.scrollIntoView({ block: "nearest" });
});
// A message holds until the next thing is done.
document.addEventListener("htmx:beforeRequest", (event) => {
  const message = document.getElementById("message");
  if (message && event.detail.requestConfig.verb === "post") message.replaceChildren();
});
document.addEventListener("htmx:sendError", () => {
  const message = document.getElementById("message");
  if (message) message.textContent = "The application does not answer; is it still running?";
});
