// Adds a citation row for a passage: the quote is what the editor selected in it, else its whole text.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-cite]");
  if (!button) return;
  const passage = button.closest(".pf-passage").querySelector("p");
  const selection = String(document.getSelection()).trim();
  const text = passage.innerText;
  const quote = selection && text.includes(selection) ? selection : text;
  const list = document.getElementById("citations");
  const number = list.querySelectorAll("[name=citation-quote]").length + 1;
  const item = document.createElement("li");
  const mark = document.createElement("b");
  mark.textContent = `[${number}] `;
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "citation-passage", value: button.dataset.cite });
  const area = Object.assign(document.createElement("textarea"), { name: "citation-quote", rows: 2, dir: "auto", value: quote });
  area.className = "border border-base-200 rounded-default px-3 py-2 w-full bg-white dark:bg-base-900 dark:border-base-700";
  area.setAttribute("aria-label", `[${number}]`);
  item.append(mark, button.dataset.title, hidden, area);
  list.append(item);
  area.focus();
});
