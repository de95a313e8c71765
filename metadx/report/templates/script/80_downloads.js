// Files made in the page: tables as CSV, figures as SVG and PNG. Nothing is sent anywhere.
function offerFile(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = node("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function tableText(table) {
  const cell = (element) => {
    const exact = element.querySelector("data");
    const text = exact && element.childNodes.length === 1 ? exact.value : element.textContent;
    return '"' + text.trim().replace(/\s+/g, " ").replace(/"/g, '""') + '"';
  };
  return [...table.rows].filter((row) => !row.classList.contains("notes"))
    .map((row) => [...row.cells].map(cell).join(",")).join("\r\n") + "\r\n";
}

function imageText(image) {
  return decodeURIComponent(image.src.slice(image.src.indexOf(",") + 1));
}

const PRINT_SCALE = 3;

function offerPng(image, name) {
  const canvas = node("canvas", { width: PRINT_SCALE * image.naturalWidth,
    height: PRINT_SCALE * image.naturalHeight });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => offerFile(name + ".png", blob, "image/png"));
}

function downloadButton(text, action) {
  const button = node("button", { type: "button", class: "download" });
  onLanguage(() => { button.textContent = say(text); });
  button.addEventListener("click", action);
  return button;
}

function downloads() {
  document.querySelectorAll("details.stratum").forEach((part) => {
    part.addEventListener("toggle", () => stratumDownloads(part), { once: true });
  });
  byId("download-estimates").append(downloadButton("download.estimates", () =>
    offerFile("estimates.csv", DATA.estimates, "text/csv")));
}

function stratumDownloads(part) {
  const name = part.querySelector(":scope > div").id;
  part.querySelectorAll("figure img").forEach((image) => {
    const stem = `${name}_${image.dataset.figure}`;
    image.parentElement.append(
      downloadButton("download.svg", () =>
        offerFile(stem + ".svg", imageText(image), "image/svg+xml")),
      downloadButton("download.png", () => offerPng(image, stem)));
  });
  part.querySelectorAll("table.studies").forEach((table, i) => {
    table.closest(".scroll").after(downloadButton("download.csv", () =>
      offerFile(`${name}_studies_${i + 1}.csv`, tableText(table), "text/csv")));
  });
  speak();
}
