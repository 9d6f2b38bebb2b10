// Search in an exported site, which has no server: reads the language's questions when the reader searches, then the passages
// of the sources. Words are met by words that begin with them; rare words count more, and a question's own wording most.
const view = document.getElementById("found");
const input = document.querySelector("main form input[name=q]");
const lang = document.documentElement.lang;
const words = new Intl.Segmenter(lang, { granularity: "word" });
const MOST = { questions: 20, passages: 10 };
const EXCERPT = 220;
const WEIGHTS = { name: 4, other: 3, text: 1 };

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase(lang)
  .replace(/[أإآٱ]/g, "ا").replace(/ى/g, "ي").replace(/ة/g, "ه").replace(/ß/g, "ss").replace(/ı/g, "i");

const split = (text) => [...words.segment(fold(text))].filter((each) => each.isWordLike).map((each) => each.segment);

// A field as one string in which every word begins after a blank: ` word other `. Scripts without blanks are met anywhere.
const field = (text) => ` ${split(text).join(" ")} `;

class Index {
  constructor(rows) {
    this.rows = rows.map((row) => ({ ...row, fields: Object.entries(row.fields).map(([kind, text]) => [WEIGHTS[kind], field(text)]) }));
  }

  find(typed) {
    const asked = [...new Set(split(typed))];
    const met = asked.map((word) => this.rows.map((row) => Math.max(...row.fields.map(([weight, text]) => weight * worth(text, word)))));
    const rarity = met.map((each) => Math.log(1 + this.rows.length / (1 + each.filter(Boolean).length)));
    const most = rarity.reduce((a, b) => a + b, 0);
    return this.rows
      .map((row, at) => ({
        row,
        score: met.reduce((sum, each, i) => sum + rarity[i] * each[at], 0),
        share: met.reduce((sum, each, i) => sum + (each[at] ? rarity[i] : 0), 0) / most,
      }))
      .filter(({ share }) => share >= 0.5)
      .sort((a, b) => b.score - a.score)
      .map(({ row }) => row);
  }
}

function worth(text, word) {
  if (text.includes(` ${word} `)) return 1;
  if (text.includes(` ${word}`)) return 0.8;
  // The stem of a longer word, `waste` for `wasting`; two letters of an ending at most.
  const stem = word.length > 5 ? word.slice(0, -2) : "";
  return stem && text.includes(` ${stem}`) ? 0.5 : 0;
}

const indexes = {};
const load = (kind, read) => (indexes[kind] ??= fetch(view.dataset[kind])
  .then((response) => (response.ok ? response.json() : { [kind]: [] }))
  .then((data) => new Index(data[kind].map(read)))
  .catch(() => { delete indexes[kind]; return new Index([]); }));

const questions = () => load("questions", ([path, name, language, text, others]) =>
  ({ path, name, language, text, fields: { name, other: others.join(" . "), text } }));
const passages = () => load("passages", ([path, name, language, text]) =>
  ({ path, name, language, text, fields: { name, text } }));

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const link = (row) => make("a", { href: row.path }, make("span", { lang: row.language, dir: "auto" }, row.name));

function fill(part, items) {
  const section = view.querySelector(`[data-part="${part}"]`);
  section.querySelector("ul").replaceChildren(...items);
  section.hidden = !items.length;
}

let last = 0;

async function search(typed) {
  const mine = ++last;
  const [asked, told] = await Promise.all([questions(), passages()]);
  if (mine !== last) return;
  const found = typed ? asked.find(typed).slice(0, MOST.questions) : [];
  const hits = typed ? told.find(typed).slice(0, MOST.passages) : [];
  fill("questions", found.map((row) => make("li", {}, link(row))));
  fill("passages", hits.map((row) => make("li", {}, make("h3", {}, link(row)), make("p", { lang: row.language, dir: "auto" }, excerpt(row.text)))));
  const number = found.length + hits.length;
  const count = view.querySelector('[data-part="count"]');
  count.textContent = typed ? `${count.dataset.label}: ${number.toLocaleString(lang)}` : "";
  view.querySelector('[data-part="nothing"]').hidden = !typed || number > 0;
}

const excerpt = (text) => (text.length > EXCERPT ? `${text.slice(0, EXCERPT).replace(/\s\S*$/, "")}…` : text);

function typed() {
  const text = input.value.trim();
  history.replaceState(null, "", text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  search(text);
}

let pause;
input.addEventListener("input", (event) => {
  clearTimeout(pause);
  if (!event.isComposing) pause = setTimeout(typed, 120);
});
input.addEventListener("compositionend", typed);
input.form.addEventListener("submit", (event) => {
  event.preventDefault();
  typed();
});

input.value = new URLSearchParams(location.search).get("q") ?? "";
if (input.value) search(input.value.trim());
