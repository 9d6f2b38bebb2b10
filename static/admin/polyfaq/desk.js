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
