// Warns before a page is left with text that was typed and not sent, and says of a text that is too long for a form what the
// server would say, before it is sent and lost. Without JavaScript nothing else is missing.
const forms = [...document.querySelectorAll("form[data-guard]")];
const written = (form) => [...new FormData(form)].map(([name, value]) => `${name}=${value.name ?? value}`).join("\n");
const before = new Map(forms.map((form) => [form, written(form)]));
const refused = document.querySelector(".pf-error[role=alert]");
let sent = false;
function tooLong(area) {
  const most = Number(area.dataset.most);
  const field = area.closest(".pf-field");
  field.querySelector("[data-said]")?.remove();
  field.classList.toggle("pf-wrong", area.value.length > most);
  if (area.value.length <= most) return false;
  const said = document.createElement("p");
  said.className = "pf-said";
  said.dataset.said = "";
  said.setAttribute("role", "alert");
  said.textContent = area.dataset.tooLong.replace("%(n)d", area.value.length).replace("%(ceiling)d", most);
  field.append(said);
  area.focus();
  return true;
}
document.addEventListener("submit", (event) => {
  if ([...event.target.querySelectorAll("textarea[data-most]")].some(tooLong)) {
    event.preventDefault();
    return;
  }
  if (event.submitter?.formTarget === "_blank") return; // a preview: the form stays as it is
  const others = forms.filter((form) => form !== event.target && written(form) !== before.get(form));
  sent = others.length === 0;
});
window.addEventListener("beforeunload", (event) => {
  if (!sent && forms.some((form) => written(form) !== before.get(form))) event.preventDefault();
});
if (refused) refused.scrollIntoView({ block: "center" });
// The field shows the name of one file: with several, of all.
document.addEventListener("change", (event) => {
  const { files } = event.target;
  const shown = event.target.closest("label")?.querySelector("input[type=text]");
  if (files?.length > 1 && shown) shown.value = shown.title = `${files.length}: ${[...files].map((file) => file.name).join(", ")}`;
});
// Files may be dropped anywhere on a form with one field for them, not only on the field's own narrow strip.
for (const form of document.querySelectorAll("form.pf-form")) {
  const inputs = form.querySelectorAll("input[type=file]");
  if (inputs.length !== 1 || form.querySelector(".pf-drop")) continue;
  const [input] = inputs;
  const over = (on) => input.closest(".pf-field")?.classList.toggle("pf-over", on);
  const carries = (event) => [...event.dataTransfer.types].includes("Files");
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => { if (carries(event)) { event.preventDefault(); over(true); } });
  }
  form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) over(false); });
  form.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(false);
    const carried = new DataTransfer();
    for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) carried.items.add(file);
    input.files = carried.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
