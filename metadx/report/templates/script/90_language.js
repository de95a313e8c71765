// English and Chinese: both stand in the page, the style sheet shows one.
const ATTRIBUTES = ["aria-label", "title", "alt"];

function speak() {
  const name = language();
  for (const attribute of ATTRIBUTES) {
    document.querySelectorAll(`[data-${name}-${attribute}]`).forEach((element) => {
      element.setAttribute(attribute, element.getAttribute(`data-${name}-${attribute}`));
    });
  }
  for (const draw of redraws) draw();
}

function languages() {
  const button = byId("language");
  button.hidden = false;
  const choose = (name) => {
    document.documentElement.lang = name;
    button.textContent = name === "zh" ? "English" : "中文";
    button.lang = name === "zh" ? "en" : "zh";
    speak();
  };
  button.addEventListener("click", () => choose(language() === "zh" ? "en" : "zh"));
  choose(new URLSearchParams(location.search).get("lang") === "zh" ? "zh" : "en");
}

navigation();
explorer();
calculator();
strategies();
downloads();
languages();
