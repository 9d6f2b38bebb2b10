// Warns before a page is left with text that was typed and not sent. Without JavaScript nothing else is missing.
const forms = [...document.querySelectorAll("form[data-guard]")];
const written = (form) => [...new FormData(form)].map(([name, value]) => `${name}=${value.name ?? value}`).join("\n");
const before = new Map(forms.map((form) => [form, written(form)]));
const refused = document.querySelector(".pf-error[role=alert]");
let sent = false;
document.addEventListener("submit", (event) => {
  const others = forms.filter((form) => form !== event.target && written(form) !== before.get(form));
  sent = others.length === 0;
});
window.addEventListener("beforeunload", (event) => {
  if (!sent && forms.some((form) => written(form) !== before.get(form))) event.preventDefault();
});
if (refused) refused.scrollIntoView({ block: "center" });
