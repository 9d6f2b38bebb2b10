// Small comforts only; every page works without this file.
const openMenus = () => document.querySelectorAll("details.menu[open]");
const suggestions = () => document.getElementById("suggestions");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  const list = suggestions();
  if (list && !event.target.closest(".ask")) list.replaceChildren();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    const list = suggestions();
    if (list && list.childElementCount) {
      list.replaceChildren();
      document.getElementById("q").focus();
    }
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    walk(event);
  }
});

// Arrow keys go from the question box through the suggestions and back.
function walk(event) {
  const list = suggestions();
  const input = document.getElementById("q");
  if (!list || !input || !(list.contains(document.activeElement) || document.activeElement === input)) return;
  const stops = [input, ...list.querySelectorAll("a")];
  if (stops.length < 2) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
}
