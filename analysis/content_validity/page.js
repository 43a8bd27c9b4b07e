const form = document.querySelector("form");
const save = document.querySelector("#save");
const quoted = (text) => '"' + text.replaceAll('"', '""') + '"';
const line = (key, answer) => key + "," + quoted(answer.replace(/\s+/g, " ").trim());
save.hidden = false;
document.querySelector("#plain").hidden = true;
save.addEventListener("click", () => {
  const rows = ["question,answer"];
  for (const [key, answer] of new FormData(form)) if (answer.trim() && key !== "missing") rows.push(line(key, answer));
  for (const each of (form.elements.missing.value || "").split("\n")) if (each.trim()) rows.push(line("missing", each));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }));
  link.download = "sheet-" + (form.elements["about.rater"].value.replace(/\W/g, "") || "filled") + ".csv";
  link.click();
  document.querySelector("#saved").textContent =
    "Saved as " + link.download + ". Send that file to whoever asked you, the way they said.";
});
form.addEventListener("input", () => { window.onbeforeunload = (event) => event.preventDefault(); });
save.addEventListener("click", () => { window.onbeforeunload = null; });
form.addEventListener("submit", (event) => event.preventDefault());
