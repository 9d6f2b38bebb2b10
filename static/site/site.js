// Small comforts only; every page works without this file.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.languages[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.languages[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  const list = document.getElementById("suggestions");
  if (list) list.replaceChildren();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const list = document.getElementById("suggestions");
  const input = document.getElementById("q");
  if (!list || !input || !(list.contains(document.activeElement) || document.activeElement === input)) return;
  const stops = [input, ...list.querySelectorAll("a")];
  if (stops.length < 2) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
});
