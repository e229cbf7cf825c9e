// Give file inputs a button and a list of the chosen files in the page's language.
// Without this script the browser's own input does the work.

const kilobyte = 1024;

function sizeOf(file, language) {
  const megabytes = file.size / kilobyte / kilobyte;
  const [amount, unit] = megabytes < 1 ? [file.size / kilobyte, "KB"] : [megabytes, "MB"];
  return `${amount.toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
}

function prepare(field) {
  const input = field.querySelector("input[type=file]");
  const language = document.documentElement.lang;

  const button = document.createElement("span");
  button.className = "button button-quiet";
  button.textContent = field.dataset.choose;
  button.setAttribute("aria-hidden", "true"); // the input itself has a label already
  button.addEventListener("click", () => input.click());

  const chosen = document.createElement("ul");
  chosen.setAttribute("aria-live", "polite");

  input.addEventListener("change", () => {
    chosen.replaceChildren(
      ...Array.from(input.files, (file) => {
        const line = document.createElement("li");
        line.textContent = `${file.name} (${sizeOf(file, language)})`;
        return line;
      }),
    );
  });

  input.after(button, chosen);
  field.classList.add("file-field-ready");
}

document.querySelectorAll(".file-field").forEach(prepare);
