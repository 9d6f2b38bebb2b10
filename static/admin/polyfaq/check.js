// Compares what is typed with its quotes: half a second after the last key. Without JavaScript that is done when it is saved.
const answered = document.getElementById("answer");
const box = document.getElementById("check");
const typed = () => new URLSearchParams(new FormData(answered));
let later = 0;
let checked = String(typed());

async function check() {
  const now = typed();
  if (String(now) === checked) return;
  checked = String(now);
  const answer = await fetch(box.dataset.check, { method: "POST", body: now });
  // What was typed meanwhile is checked by a call of its own.
  if (answer.status === 200 && String(typed()) === checked) box.innerHTML = await answer.text();
}

const soon = () => { clearTimeout(later); later = setTimeout(check, 500); };
if (answered && box) {
  answered.addEventListener("input", soon);
  // A passage that is cited, or taken away, changes the form without a key.
  new MutationObserver(soon).observe(document.getElementById("citations"), { childList: true });
  document.getElementById("answer-text").addEventListener("focus", soon);
}
