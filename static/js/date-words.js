// Say a date in words beside its field, so that 01/02 is not taken for the second of January.
// Without this script the page shows the date in words once it is saved.

function sayIn(words, input) {
  const day = input.valueAsDate; // midnight in UTC
  const language = document.documentElement.lang;
  words.textContent = day
    ? day.toLocaleDateString(language, { dateStyle: "full", timeZone: "UTC" })
    : "";
}

for (const input of document.querySelectorAll("input[type=date]")) {
  const words = document.createElement("output");
  words.className = "hint";
  words.htmlFor = input.id;
  input.after(words);
  input.addEventListener("input", () => sayIn(words, input));
  sayIn(words, input);
}
