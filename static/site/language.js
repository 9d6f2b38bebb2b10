// An exported site has no server that could read the browser's wishes: its first address leads to the language wished most.
const wished = navigator.languages ?? [navigator.language];

document.addEventListener("DOMContentLoaded", () => {
  const links = [...document.querySelectorAll("#languages a")];
  const of = (tag) => new Intl.Locale(tag).maximize();
  for (const tag of wished) {
    const { language, script } = of(tag);
    const link = links.find((each) => of(each.lang).language === language && of(each.lang).script === script);
    if (link) return location.replace(link.href);
  }
});
