// A folder chosen, or dropped, is packed here and goes into the form's own field. Without JavaScript one chooses a ZIP.
import { zip } from "./zip.js";

const READ = /\.(md|markdown|html?|xhtml|txt|text|rst|pdf|docx|csv|tsv|xlsx)$/i;
const MOST = 50_000_000;
const field = document.querySelector("#folder [name=file]");
const drop = document.getElementById("drop");
const directory = document.getElementById("directory");
const said = document.getElementById("packed");
const hidden = (place) => place.split("/").some((part) => part.startsWith("."));

// All files below what was dropped, with their places. A directory tells of its entries some at a time.
async function* below(entry, path = "") {
  if (entry.isFile) {
    yield [path + entry.name, await new Promise((done, failed) => entry.file(done, failed))];
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const each of some) yield* below(each, `${path}${entry.name}/`);
  }
}

async function take(files) {
  const chosen = files.filter(([place]) => READ.test(place) && !hidden(place));
  const size = chosen.reduce((sum, [, file]) => sum + file.size, 0);
  field.value = "";
  if (!chosen.length) return void (said.textContent = said.dataset.none);
  if (size > MOST) return void (said.textContent = said.dataset.large.replace("{n}", MOST / 1_000_000));
  said.textContent = said.dataset.packing;
  const name = chosen[0][0].includes("/") ? chosen[0][0].split("/")[0] : "folder";
  const carried = new DataTransfer();
  carried.items.add(new File([await zip(chosen)], `${name}.zip`, { type: "application/zip" }));
  field.files = carried.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  said.textContent = said.dataset.packed.replace("{name}", name).replace("{n}", chosen.length);
}

document.getElementById("choose").addEventListener("click", () => directory.click());
directory.addEventListener("change", () => take([...directory.files].map((file) => [file.webkitRelativePath || file.name, file])));
for (const name of ["dragover", "dragenter"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("pf-over"); });
drop.addEventListener("dragleave", () => drop.classList.remove("pf-over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("pf-over");
  // Entries are there only until the first await.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  for (const entry of entries) for await (const each of below(entry)) found.push(each);
  await take(found);
});
drop.hidden = false;
