// Search as you type, for every input with `data-suggest` (the address of suggestions): a combobox with a list box, after
// the pattern of WAI-ARIA 1.2. The focus stays in the input; `aria-activedescendant` names the chosen option. Without
// this file the input is a plain search field. What the server sends is a list of options; nothing is built here.
const PAUSE = 120;
const REMEMBERED = 50;

class Suggestions {
  constructor(input) {
    this.input = input;
    this.known = new Map();
    this.chosen = -1;
    this.list = make("ul", { role: "listbox", id: `${input.id}-options`, hidden: "" });
    this.status = make("p", { role: "status", class: "unseen" });
    const box = make("div", { class: "suggestions" });
    box.append(this.list, this.status);
    (input.closest(".ask-row") ?? input).after(box);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
      autocapitalize: "none", spellcheck: "false",
    })) input.setAttribute(name, value);
    input.addEventListener("input", (event) => event.isComposing || this.typed());
    input.addEventListener("compositionend", () => this.typed());
    input.addEventListener("keydown", (event) => this.pressed(event));
    input.addEventListener("blur", () => this.close());
    // Pressing an option must not take the focus, else the list is gone before the click.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("pointermove", (event) => {
      const at = this.options.indexOf(event.target.closest("[role=option]"));
      if (at >= 0 && at !== this.chosen) this.choose(at, false);
    });
  }

  get options() {
    return [...this.list.children];
  }

  get open() {
    return !this.list.hidden;
  }

  typed() {
    clearTimeout(this.pause);
    this.request?.abort();
    const text = this.input.value.trim();
    if (!text) return this.close();
    if (this.known.has(text)) return this.show(this.known.get(text));
    this.pause = setTimeout(() => this.ask(text), PAUSE);
  }

  async ask(text) {
    const request = (this.request = new AbortController());
    try {
      const address = `${this.input.dataset.suggest}?q=${encodeURIComponent(text)}`;
      const response = await fetch(address, { signal: request.signal, headers: { Accept: "text/html" } });
      if (!response.ok) return this.close();
      const found = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("ul");
      if (this.known.size >= REMEMBERED) this.known.delete(this.known.keys().next().value);
      this.known.set(text, found);
      // What was typed meanwhile, or a reader who has left, no longer wants this.
      if (text === this.input.value.trim() && document.activeElement === this.input) this.show(found);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show(found) {
    this.choose(-1);
    this.list.replaceChildren(...(found ? [...found.cloneNode(true).children] : []));
    this.options.forEach((option, at) => (option.id = `${this.input.id}-option-${at}`));
    if (found) this.list.setAttribute("aria-label", found.dataset.label);
    this.turn(Boolean(found));
    this.status.textContent = found ? found.dataset.said : "";
  }

  turn(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
  }

  close() {
    clearTimeout(this.pause);
    this.request?.abort();
    this.choose(-1);
    this.turn(false);
    this.status.textContent = "";
  }

  choose(at, follow = true) {
    this.options[this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = at;
    const option = this.options[at];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", option.id);
    if (follow) option.scrollIntoView({ block: "nearest" });
  }

  // Down and up go round through the options and the input itself; Enter opens the chosen one, else sends the form.
  pressed(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!this.options.length || !this.input.value.trim()) return;
      event.preventDefault();
      if (event.altKey) return event.key === "ArrowDown" ? this.turn(true) : this.close();
      const stops = this.options.length + 1;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = this.open ? this.chosen + 1 : 0;
      this.turn(true);
      this.choose(((from + step + stops) % stops) - 1);
    } else if (event.key === "Escape" && this.open) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && this.open && this.chosen >= 0) {
      event.preventDefault();
      this.options[this.chosen].querySelector("a").click();
    }
  }
}

function make(name, attributes) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const inputs = navigator.connection?.saveData ? [] : document.querySelectorAll("input[data-suggest]");
for (const input of inputs) {
  const suggestions = new Suggestions(input);
  // A page that comes back from the browser's memory comes back without its open list.
  addEventListener("pagehide", () => suggestions.close());
}
