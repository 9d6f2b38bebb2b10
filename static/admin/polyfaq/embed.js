// Shows the lines and the widget anew whenever a choice changes, and copies the lines. Without it the form's button does the same.
const form = document.querySelector("form[data-embed]");
const shown = document.getElementById("embed-shown");
let waiting = 0;
let turn = 0;

async function renew() {
  const mine = ++turn;
  const address = `?${new URLSearchParams(new FormData(form))}`;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.getElementById("embed-shown");
    if (mine !== turn || !found) return;
    shown.replaceChildren(...found.childNodes);
    history.replaceState(null, "", address);
  } catch { form.submit(); }
}

form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(renew, 250); });
form.querySelector("[data-without-script]").hidden = true;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = button.dataset.copied;
  } catch { getSelection().selectAllChildren(text); }  // the browser refuses: marked, for the reader's own keys
});
