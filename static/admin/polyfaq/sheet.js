// The translation sheet by keyboard: what is typed is checked, like sentences are offered, a machine is asked for one sentence.
// Without JavaScript the sheet translates all the same.
const sheet = document.getElementById("sheet");
const token = sheet.querySelector("[name=csrfmiddlewaretoken]").value;
const said = document.getElementById("sheet-said");
const fields = [...sheet.querySelectorAll("input[name=wording], textarea[name=text]")].filter((field) => !field.readOnly);
const segment = (field) => field.closest(".pf-segment");
const source = (field) => segment(field).querySelector("[name=source]")?.value;
const waiting = new WeakMap();
const post = (address, values) =>
  fetch(address, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(values) });

async function check(field) {
  const box = segment(field).querySelector("[data-check]");
  const text = field.value;
  if (!box || !text.trim()) return box?.replaceChildren();
  const answer = await post(sheet.dataset.check, { source: source(field), text });
  // What was typed meanwhile is checked by a call of its own.
  if (answer.ok && field.value === text) box.innerHTML = await answer.text();
}

function put(field, text) {
  field.focus();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function machine(field) {
  if (!source(field)) return;
  said.textContent = sheet.dataset.asking;
  const answer = await post(sheet.dataset.segment, { source: source(field) });
  const told = answer.ok ? await answer.json() : { text: "", said: sheet.dataset.failed };
  said.textContent = told.said;
  if (told.text) put(field, told.text);
}

async function offer() {
  const answer = await fetch(sheet.dataset.proposals);
  if (answer.status !== 200) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const each of page.querySelectorAll("[data-for]")) {
    document.querySelector(`[data-proposals="${each.dataset.for}"]`)?.replaceChildren(...each.childNodes);
  }
  sheet.dataset.offered = "";
}

sheet.addEventListener("input", ({ target: field }) => {
  if (field.name !== "text") return;
  clearTimeout(waiting.get(field));
  waiting.set(field, setTimeout(() => check(field), 400));
});
sheet.addEventListener("click", ({ target }) => {
  const field = target.closest(".pf-segment")?.querySelector("textarea");
  const taken = target.closest("[data-take]");
  if (taken) put(field, taken.dataset.take);
  if (target.closest("[data-machine]")) machine(field);
});
document.addEventListener("keydown", (event) => {
  const at = fields.indexOf(document.activeElement);
  const proposals = at < 0 ? [] : [...segment(fields[at]).querySelectorAll("[data-take]")];
  const command = event.ctrlKey || event.metaKey;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  // By its place: on some keyboards Alt with a digit or letter writes another character.
  const digit = /^Digit([1-3])$/.exec(event.code)?.[1];
  if (command && event.key === "Enter") {
    const buttons = document.querySelectorAll("button[form=sheet][name=publish]");
    if (!buttons.length) return;
    sheet.requestSubmit(buttons[0]);
  } else if (event.altKey && !command && step) {
    fields[Math.min(Math.max(at + step, 0), fields.length - 1)]?.focus();
  } else if (event.altKey && !command && digit && proposals[digit - 1]) {
    put(fields[at], proposals[digit - 1].dataset.take);
  } else if (event.altKey && !command && event.code === "KeyM" && at >= 0) {
    machine(fields[at]);
  } else {
    return;
  }
  event.preventDefault();
});
for (const button of sheet.querySelectorAll("[data-machine]")) button.hidden = false;
if (fields.length) {
  offer();
  // The first that waits for somebody; a page that came back with an error stays where it is.
  // On a telephone a focus would bring up its keyboard over the page.
  if (!document.querySelector(".pf-error[role=alert]") && matchMedia("(hover: hover)").matches) {
    (fields.find((field) => !field.value.trim()) ?? fields[0]).focus({ preventScroll: true });
  }
}
