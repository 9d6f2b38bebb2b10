// The page of a question in a frame: at once in the chosen language, and as wide as a telephone's, a tablet's or a computer's
// screen. Without JavaScript the buttons of the languages fill the frame, as wide as there is room.
const form = document.getElementById("preview");
let frame = document.getElementById("shown");
const said = document.getElementById("preview-said");
const widths = document.getElementById("widths");
const press = (buttons, one) => { for (const each of buttons) each.setAttribute("aria-pressed", String(each === one)); };
let wide = matchMedia("(max-width: 40rem)").matches ? 390 : 1280;

// Shown whole: what is wider than the room is made smaller, as on a screen further away.
function fit() {
  const room = frame.parentElement.clientWidth;
  const scale = Math.min(1, room / (wide + 2)); // and its border
  const page = frame.contentDocument?.documentElement;
  frame.style.width = `${wide}px`;
  frame.style.height = `${Math.max(480, (page?.scrollHeight ?? 0) + 2)}px`;
  frame.style.transform = `scale(${scale})`;
  frame.parentElement.style.height = `${frame.offsetHeight * scale}px`;
}

function choose(button) {
  wide = Number(button.dataset.width);
  press(widths.querySelectorAll("button"), button);
  frame.style.height = "0";
  fit();
}

function loaded() {
  const page = frame.contentDocument;
  if (page?.URL === "about:blank") return;
  said.textContent = page ? "" : said.dataset.failed;
  fit();
  // The site lets nobody frame its pages: what is linked opens beside.
  page?.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link) return;
    event.preventDefault();
    const within = link.getAttribute("href").startsWith("#") && page.getElementById(link.hash.slice(1));
    if (within) within.scrollIntoView({ block: "center" });
    else window.open(link.href, "_blank", "noopener");
  });
  // The forms of the page are a reader's.
  page?.addEventListener("submit", (event) => event.preventDefault());
}

form.addEventListener("submit", (event) => {
  press(form.querySelectorAll("[data-language]"), event.submitter ?? form.querySelector("[aria-pressed=true]"));
  said.textContent = said.dataset.waiting;
  // A frame of its own for each language: the site's passage from page to page does not bear that its frame grows meanwhile.
  const fresh = frame.cloneNode();
  frame.replaceWith(fresh);
  frame = fresh;
  frame.addEventListener("load", loaded);
});
widths.addEventListener("click", (event) => { if (event.target.dataset.width) choose(event.target); });
addEventListener("resize", fit);
widths.hidden = false;
choose(widths.querySelector(`[data-width="${wide}"]`));
form.requestSubmit(form.querySelector("[aria-pressed=true]"));
