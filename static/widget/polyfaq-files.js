// What the widget asks the API for, out of the files of an exported site (docs/how-to/export-the-site.md). The widget loads it where
// it has the attribute `files`, and nobody else does.
//
// Invariants: the answers have the shapes of the API's; each file is asked for once in ten minutes, so that a new export is seen.
const KEPT = 600_000;
const FIRST = 8;
const MOST = 20;
const files = new Map();
const passages = new Map();

async function file(address) {
  const held = files.get(address);
  if (held && held.until > performance.now()) return held.content;
  const content = fetch(address, { credentials: "omit" }).then((response) => {
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  });
  files.set(address, { content, until: performance.now() + KEPT });
  content.catch(() => files.delete(address));
  return content;
}

// `wishes`: tags, best first. The answer of GET /api/v1/PATH for questions, questions/KEY, passages/KEY, search and suggest.
export async function read(portal, path, { q = "", topic = "" } = {}, wishes = [], signal = undefined) {
  const [kind, key] = path.split("/");
  if (kind === "passages") return passages.get(decodeURIComponent(key));
  const tag = meant(wishes, (await file(`${portal}/widget/locales.json`)).results);
  if (key) {
    const page = await file(`${portal}/${tag}/widget/questions/${key}.json`);
    for (const [name, passage] of Object.entries(page.passages)) passages.set(name, passage);
    signal?.throwIfAborted();
    return page;
  }
  const rows = (await file(`${portal}/${tag}/widget/questions.json`)).results.filter((row) => !topic || row.topic === topic);
  signal?.throwIfAborted();
  if (kind === "questions") return { results: rows.slice(0, FIRST) };
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const texts = (await file(`${portal}/${tag}/search/questions.json`)).questions.map(([at, name, , answer, others]) => ({
    row: byKey.get(decodeURIComponent(at.split("/").at(-2))),
    texts: [name, others.join(" "), answer],
  }));
  const found = ranked(texts.filter((each) => each.row), q, tag);
  signal?.throwIfAborted();
  return { questions: found, passages: [], results: found.map((row) => ({ ...row, parts: [{ text: row.text.text, typed: false }] })) };
}

// The tag of the language that the wishes mean, best first; else that of the default one.
function meant(wishes, rows) {
  for (const wish of wishes.map((each) => each.toLowerCase()))
    for (const fits of [(tag) => tag === wish, (tag) => tag.split("-")[0] === wish.split(/[-_]/)[0]]) {
      const found = rows.find((row) => fits(row.tag.toLowerCase()));
      if (found) return found.tag;
    }
  return (rows.find((row) => row.default) ?? rows[0]).tag;
}

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
  .replace(/[أإآٱ]/g, "ا").replace(/ى/g, "ي").replace(/ة/g, "ه").replace(/ß/g, "ss").replace(/ı/g, "i");

// Rows whose texts hold at least half of the words by weight, best first; rare words weigh more, and the first text most.
function ranked(rows, typed, tag) {
  const segments = new Intl.Segmenter(tag, { granularity: "word" });
  const split = (text) => [...segments.segment(fold(text))].filter((each) => each.isWordLike).map((each) => each.segment);
  const fields = rows.map(({ texts }) => texts.map((text) => ` ${split(text).join(" ")}`));
  const met = [...new Set(split(typed))].map((word) => fields.map((texts) => Math.max(...texts.map((text, at) => (text.includes(` ${word}`) ? texts.length - at : 0)))));
  const rare = met.map((each) => Math.log(1 + rows.length / (1 + each.filter(Boolean).length)));
  const sum = (of) => rare.reduce((all, weight, at) => all + weight * of(met[at]), 0);
  const whole = sum(() => 1);
  return rows
    .map(({ row }, at) => ({ row, score: sum((each) => each[at]), share: sum((each) => (each[at] ? 1 : 0)) / whole }))
    .filter(({ share }) => share >= 0.5)
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST)
    .map(({ row }) => row);
}
