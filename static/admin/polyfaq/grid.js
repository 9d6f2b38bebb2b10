// The keyboard in a table of links (ARIA's grid pattern): one tab stop, arrow keys move, Space marks the line, Enter opens.
// Without JavaScript every link and box is a tab stop of its own, and the form works the same.
for (const grid of document.querySelectorAll("[data-grid]")) {
  const rows = [...grid.rows].map((row) => [...row.cells].map((cell) => cell.querySelector("a, input")).filter(Boolean));
  const lines = rows.filter((row) => row.length);
  const all = lines.flat();
  const rtl = getComputedStyle(grid).direction === "rtl";
  let current = lines[1]?.find((each) => each.matches("a")) ?? all[0];
  for (const each of all) each.tabIndex = each === current ? 0 : -1;

  const go = (to) => {
    if (!to) return;
    current.tabIndex = -1;
    current = to;
    current.tabIndex = 0;
    current.focus();
    current.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  // The cell of another line in the same column of the table.
  const beside = (line, step) => {
    const column = current.closest("td, th").cellIndex;
    for (let at = line + step; lines[at]; at += step) {
      const found = lines[at].find((each) => each.closest("td, th").cellIndex === column);
      if (found) return found;
    }
    return null;
  };
  grid.addEventListener("focusin", (event) => { if (all.includes(event.target) && event.target !== current) { current.tabIndex = -1; current = event.target; current.tabIndex = 0; } });
  grid.addEventListener("keydown", (event) => {
    const line = lines.findIndex((row) => row.includes(event.target));
    if (line < 0 || event.altKey || event.metaKey) return;
    const row = lines[line], place = row.indexOf(event.target), onward = rtl ? -1 : 1;
    const moves = {
      ArrowRight: () => row[place + onward], ArrowLeft: () => row[place - onward],
      ArrowDown: () => beside(line, 1), ArrowUp: () => beside(line, -1),
      Home: () => (event.ctrlKey ? lines[0][0] : row[0]), End: () => (event.ctrlKey ? lines.at(-1).at(-1) : row.at(-1)),
    };
    if (event.key in moves) {
      event.preventDefault();
      go(moves[event.key]());
    } else if (event.key === " " && event.target.matches("a")) {
      const box = row.find((each) => each.matches("input"));
      if (!box) return;
      event.preventDefault();
      box.click();
    }
  });
  const every = grid.querySelector("[data-mark-all]");
  every?.addEventListener("change", () => { for (const box of grid.querySelectorAll("[name=question]")) box.checked = every.checked; });
}
