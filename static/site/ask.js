// Shows an answer as it comes about: for every form with `data-stream` (the address of the events). What is shown has been
// verified and made by the server; nothing is built here. Without this file, or when anything goes wrong, the form opens
// the page of the question, which shows the same answer when it is whole.
let asking = null;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.stream || event.submitter?.hasAttribute("formaction")) return;
  const query = new URLSearchParams(new FormData(form));
  if (!query.get("q")?.trim()) return;
  event.preventDefault();
  show(form, query);
});

// Another answer than the one that is shown is a page of its own.
addEventListener("popstate", () => location.reload());

async function show(form, query) {
  asking?.abort();
  const mine = (asking = new AbortController());
  const page = new URL(`${form.getAttribute("action")}?${query}`, location.href);
  const stream = `${form.dataset.stream}?${query}`;
  const main = document.getElementById("content");
  const view = document.getElementById("asking").content.cloneNode(true);
  view.querySelector('[data-part="question"]').textContent = query.get("q");
  history.pushState(null, "", page);
  main.replaceChildren(view);
  main.querySelector("h1").focus();
  scrollTo(0, 0);
  try {
    const response = await fetch(stream, { signal: mine.signal, headers: { Accept: "text/event-stream" } });
    if (!response.ok) throw new Error(response.statusText);
    let done = false;
    for await (const { name, data } of events(response.body)) {
      if (name === "done") {
        finish(main, data.html, query.get("q"), page);
        done = true;
      } else {
        const part = main.querySelector(`[data-part="${name}"]`);
        if (part) part.innerHTML = data.html;
      }
    }
    if (!done) throw new Error("The stream ended too early");
  } catch (error) {
    if (error.name !== "AbortError") location.reload(); // the address is that of the question already
  }
}

function finish(main, html, question, page) {
  main.innerHTML = html;
  document.title = [question, ...document.title.split(" · ").slice(-1)].join(" · ");
  for (const link of document.querySelectorAll(".languages a")) link.href = elsewhere(link, page);
  const heading = main.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// The same question in another language: the language is the part of the path that the two addresses do not share.
function elsewhere(link, page) {
  const here = document.querySelector('.languages a[aria-current="true"]');
  const [ours, theirs] = [here, link].map((each) => new URL(each.href).pathname.split("/"));
  const place = ours.findIndex((part, at) => part !== theirs[at]);
  const path = page.pathname.split("/");
  if (place >= 0) path[place] = theirs[place];
  return path.join("/") + page.search;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const whole = (held + value).split("\n\n");
    held = whole.pop();
    for (const text of whole) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
      if (name) yield { name, data: JSON.parse(data) };
    }
  }
}
