// Cites a passage: the quote is what the editor selected in it, else its whole text; the mark goes into the answer.
const list = document.getElementById("citations");
const answer = document.getElementById("answer-text");
let caret = null;
answer?.addEventListener("blur", () => { caret = answer.selectionEnd; });
const rows = () => [...list.querySelectorAll(".pf-citation")];
const value = (row, name) => row.querySelector(`[name=citation-${name}]`).value;
for (const button of document.querySelectorAll("[data-uncite]")) button.hidden = false;

function selected(passage) {
  const selection = document.getSelection();
  const inside = selection.rangeCount && !selection.isCollapsed && passage.contains(selection.anchorNode) && passage.contains(selection.focusNode);
  return (inside && selection.toString().trim()) || passage.textContent;
}

function cite(button) {
  const quote = selected(button.closest(".pf-passage").querySelector("[data-passage]"));
  const known = rows().find((row) => value(row, "passage") === button.dataset.cite && value(row, "quote") === quote);
  if (known) return mark(value(known, "number"));
  const number = list.dataset.next++;
  const row = document.getElementById("citation").content.firstElementChild.cloneNode(true);
  row.querySelector("b").textContent = `[${number}]`;
  row.querySelector("[data-title]").textContent = button.dataset.title;
  row.querySelector("[name=citation-number]").value = number;
  row.querySelector("[name=citation-passage]").value = button.dataset.cite;
  row.querySelector("[name=citation-quote]").value = quote;
  row.querySelector("textarea").ariaLabel = `[${number}]`;
  list.querySelector("[data-none]")?.remove();
  list.append(row);
  mark(number);
}

function mark(number) {
  const place = caret ?? answer.value.length;
  const space = place && !/\s/.test(answer.value[place - 1]) ? " " : "";
  answer.setRangeText(`${space}[${number}]`, place, place, "end");
  caret = answer.selectionEnd;
  answer.focus();
}

document.addEventListener("mousedown", (event) => { if (event.target.closest("[data-cite]")) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-cite], [data-uncite]");
  if (!button) return;
  if ("cite" in button.dataset) return cite(button);
  const row = button.closest(".pf-citation");
  const number = value(row, "number");
  row.remove();
  answer.value = answer.value.replace(new RegExp(`\\s*\\[${number}\\]`, "g"), "");
  caret = null;
  answer.focus();
});
