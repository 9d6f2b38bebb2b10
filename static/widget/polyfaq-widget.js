// <polyfaq-widget key="pk_…"></polyfaq-widget>: an FAQ of a Polyfaq portal on any page, in the reader's language.
//
// Invariants: nothing of the host page is touched and none of its styles come in (shadow root); every text from outside is shown
// as text, never as HTML; styles are constructed, so that a strict content security policy needs no exception; the key is
// publishable and bound to the page's origin by the portal. Attributes: key (data-key where a framework keeps that for itself),
// locale, mode (button, inline, search), topic, theme, contact, portal, files (the portal is an exported site: search only).
// Events, all bubbling: polyfaq:open, polyfaq:close, polyfaq:answer, polyfaq:feedback, polyfaq:error.
(() => {
"use strict";
if (customElements.get("polyfaq-widget")) return;
const HERE = document.currentScript?.src ?? "";

// Order of the words of WORDS, each language's in one string; `|` parts them.
const NAMES = "open,title,close,back,label,ask,search,hint,often,found,passages,reading,answer,none,noneText,near,refs,machine,original,passage,page,helpful,yes,no,thanks,offline,away,again,portal,contact,checked,sources,undo,untranslated,stale";
const WORDS = {
  en: "Questions? Ask here|Questions and answers|Close|Back|Your question|Ask|Search|Please do not write names, numbers or other personal data.|Often asked|Questions|In our sources|Reading our sources…|Answer|We do not have an answer to this|Our sources do not answer your question. We have passed it on to our editors.|These questions come nearest|References|Translated automatically|Show the original|Show the passage|Open the whole page|Was this helpful?|Yes|No|Thank you.|You are offline. Your question is still here; try again when you are connected.|We cannot be reached at the moment. Please try again in a few minutes.|Try again|Go to the help centre|Contact us|Answer checked by our editors|Answer taken from our sources|Undo|Some sentences are shown in their original language.|The source has changed since this answer was written. Please read the source too.",
  de: "Fragen? Hier fragen|Fragen und Antworten|Schließen|Zurück|Ihre Frage|Fragen|Suchen|Bitte schreiben Sie keine Namen, Nummern oder andere persönliche Daten.|Oft gefragt|Fragen|In unseren Quellen|Wir lesen unsere Quellen…|Antwort|Darauf haben wir keine Antwort|Unsere Quellen beantworten Ihre Frage nicht. Wir haben sie an unsere Redaktion weitergegeben.|Diese Fragen kommen ihr am nächsten|Quellenangaben|Automatisch übersetzt|Original anzeigen|Textstelle anzeigen|Ganze Seite öffnen|War das hilfreich?|Ja|Nein|Vielen Dank.|Sie sind offline. Ihre Frage ist noch da; versuchen Sie es wieder, wenn Sie verbunden sind.|Wir sind gerade nicht erreichbar. Bitte versuchen Sie es in einigen Minuten noch einmal.|Noch einmal versuchen|Zur Hilfe|Kontakt|Von unserer Redaktion geprüfte Antwort|Antwort aus unseren Quellen|Rückgängig|Einige Sätze stehen in ihrer Originalsprache.|Die Quelle hat sich seit dieser Antwort geändert. Bitte lesen Sie auch die Quelle.",
  fr: "Une question ? Posez-la ici|Questions et réponses|Fermer|Retour|Votre question|Demander|Rechercher|Merci de n’indiquer ni nom, ni numéro, ni autre donnée personnelle.|Questions fréquentes|Questions|Dans nos sources|Nous lisons nos sources…|Réponse|Nous n’avons pas de réponse à cette question|Nos sources ne répondent pas à votre question. Nous l’avons transmise à notre rédaction.|Ces questions s’en approchent le plus|Références|Traduit automatiquement|Afficher l’original|Afficher le passage|Ouvrir la page entière|Cette réponse vous a-t-elle été utile ?|Oui|Non|Merci.|Vous êtes hors ligne. Votre question est conservée ; réessayez une fois connecté.|Nous sommes injoignables pour le moment. Veuillez réessayer dans quelques minutes.|Réessayer|Aller au centre d’aide|Nous contacter|Réponse vérifiée par notre rédaction|Réponse tirée de nos sources|Annuler|Certaines phrases sont affichées dans leur langue d’origine.|La source a changé depuis la rédaction de cette réponse. Veuillez lire aussi la source.",
  es: "¿Preguntas? Pregunte aquí|Preguntas y respuestas|Cerrar|Atrás|Su pregunta|Preguntar|Buscar|No escriba nombres, números ni otros datos personales.|Preguntas frecuentes|Preguntas|En nuestras fuentes|Leemos nuestras fuentes…|Respuesta|No tenemos respuesta a esta pregunta|Nuestras fuentes no responden a su pregunta. La hemos enviado a nuestra redacción.|Estas preguntas son las más cercanas|Referencias|Traducido automáticamente|Mostrar el original|Mostrar el pasaje|Abrir la página completa|¿Le ha sido útil?|Sí|No|Gracias.|No tiene conexión. Su pregunta sigue aquí; inténtelo de nuevo cuando esté conectado.|No podemos atenderle en este momento. Inténtelo de nuevo en unos minutos.|Intentarlo de nuevo|Ir al centro de ayuda|Contacto|Respuesta revisada por nuestra redacción|Respuesta tomada de nuestras fuentes|Deshacer|Algunas frases se muestran en su idioma original.|La fuente ha cambiado desde que se escribió esta respuesta. Lea también la fuente.",
  pl: "Pytania? Proszę pytać tutaj|Pytania i odpowiedzi|Zamknij|Wstecz|Pytanie|Zapytaj|Szukaj|Prosimy nie podawać nazwisk, numerów ani innych danych osobowych.|Często zadawane|Pytania|W naszych źródłach|Czytamy nasze źródła…|Odpowiedź|Nie mamy na to odpowiedzi|Nasze źródła nie odpowiadają na to pytanie. Przekazaliśmy je redakcji.|Najbliższe pytania|Źródła|Przetłumaczono automatycznie|Pokaż oryginał|Pokaż fragment|Otwórz całą stronę|Czy to było pomocne?|Tak|Nie|Dziękujemy.|Brak połączenia. Pytanie pozostaje zapisane; proszę spróbować ponownie po połączeniu.|Serwis jest chwilowo niedostępny. Proszę spróbować za kilka minut.|Spróbuj ponownie|Przejdź do centrum pomocy|Kontakt|Odpowiedź sprawdzona przez redakcję|Odpowiedź z naszych źródeł|Cofnij|Niektóre zdania są pokazane w języku oryginału.|Źródło zmieniło się od napisania tej odpowiedzi. Prosimy przeczytać także źródło.",
  uk: "Є запитання? Запитайте тут|Запитання та відповіді|Закрити|Назад|Ваше запитання|Запитати|Шукати|Будь ласка, не пишіть імен, номерів та інших особистих даних.|Часті запитання|Запитання|У наших джерелах|Читаємо наші джерела…|Відповідь|У нас немає на це відповіді|Наші джерела не відповідають на ваше запитання. Ми передали його редакції.|Найближчі запитання|Посилання|Перекладено автоматично|Показати оригінал|Показати фрагмент|Відкрити всю сторінку|Чи було це корисно?|Так|Ні|Дякуємо.|Немає з’єднання. Ваше запитання збережено; спробуйте ще раз, коли з’єднання з’явиться.|Ми зараз недоступні. Будь ласка, спробуйте за кілька хвилин.|Спробувати ще раз|До центру допомоги|Зв’язатися з нами|Відповідь перевірена редакцією|Відповідь із наших джерел|Скасувати|Деякі речення показано мовою оригіналу.|Джерело змінилося відтоді, як написано цю відповідь. Прочитайте, будь ласка, і джерело.",
  tr: "Sorunuz mu var? Buraya yazın|Sorular ve yanıtlar|Kapat|Geri|Sorunuz|Sor|Ara|Lütfen ad, numara veya başka kişisel veri yazmayın.|Sık sorulanlar|Sorular|Kaynaklarımızda|Kaynaklarımızı okuyoruz…|Yanıt|Buna bir yanıtımız yok|Kaynaklarımız sorunuzu yanıtlamıyor. Sorunuzu editörlerimize ilettik.|En yakın sorular|Kaynakça|Otomatik çevrildi|Özgün metni göster|Bölümü göster|Sayfanın tamamını aç|Bu yararlı oldu mu?|Evet|Hayır|Teşekkür ederiz.|Çevrimdışısınız. Sorunuz burada duruyor; bağlanınca yeniden deneyin.|Şu anda bize ulaşılamıyor. Lütfen birkaç dakika sonra yeniden deneyin.|Yeniden dene|Yardım merkezine git|Bize ulaşın|Editörlerimizin denetlediği yanıt|Kaynaklarımızdan alınan yanıt|Geri al|Bazı cümleler özgün dilinde gösteriliyor.|Bu yanıt yazıldıktan sonra kaynak değişti. Lütfen kaynağı da okuyun.",
  ar: "لديك سؤال؟ اسأل هنا|أسئلة وأجوبة|إغلاق|رجوع|سؤالك|اسأل|بحث|يُرجى عدم كتابة أسماء أو أرقام أو بيانات شخصية أخرى.|أسئلة شائعة|الأسئلة|في مصادرنا|نقرأ مصادرنا…|الجواب|ليس لدينا جواب عن هذا السؤال|مصادرنا لا تجيب عن سؤالك. لقد أحلناه إلى محررينا.|هذه أقرب الأسئلة|المراجع|مترجم آليًا|إظهار النص الأصلي|إظهار المقطع|فتح الصفحة كاملة|هل كان هذا مفيدًا؟|نعم|لا|شكرًا لك.|أنت غير متصل. سؤالك محفوظ هنا؛ أعد المحاولة عند الاتصال.|يتعذر الوصول إلينا حاليًا. يُرجى المحاولة بعد بضع دقائق.|إعادة المحاولة|إلى مركز المساعدة|اتصل بنا|جواب راجعه محررونا|جواب مأخوذ من مصادرنا|تراجع|تظهر بعض الجمل بلغتها الأصلية.|تغيّر المصدر بعد كتابة هذا الجواب. يُرجى قراءة المصدر أيضًا.",
  "zh-hans": "有问题？请在此提问|问题与解答|关闭|返回|您的问题|提问|搜索|请勿填写姓名、号码或其他个人信息。|常见问题|问题|在我们的资料中|正在查阅资料…|答案|我们没有这个问题的答案|我们的资料没有回答您的问题。我们已将其转交给编辑。|最接近的问题|参考资料|自动翻译|显示原文|显示段落|打开完整页面|这有帮助吗？|是|否|谢谢。|您已离线。您的问题仍在这里，联网后请重试。|目前无法连接，请几分钟后重试。|重试|前往帮助中心|联系我们|经编辑核对的答案|摘自我们资料的答案|撤销|部分句子以原文显示。|此答案撰写后资料已更改，请同时阅读资料。",
};

const STYLE = `
:host{--a:var(--polyfaq-accent,#0f665a);--on:var(--polyfaq-on-accent,#fff);--bg:var(--polyfaq-background,#fff);--fg:var(--polyfaq-text,#1b2423);--soft:var(--polyfaq-soft,#f3f4f3);--quiet:var(--polyfaq-quiet,#5b6665);--line:var(--polyfaq-line,#d7dcda);--r:var(--polyfaq-radius,12px);display:inline-block}
.root{all:initial;display:block;font:var(--polyfaq-font,16px/1.5 system-ui,sans-serif);color:var(--fg);color-scheme:light dark}
:host([theme=light]) .root{color-scheme:light}:host([theme=dark]) .root{color-scheme:dark}
:host([hidden]){display:none}
:host(:not([mode=button]):is([mode])){display:block}
:host([theme=dark]){--bg:var(--polyfaq-background,#141c1b);--fg:var(--polyfaq-text,#e8eceb);--soft:var(--polyfaq-soft,#1f2928);--quiet:var(--polyfaq-quiet,#a5b0ae);--line:var(--polyfaq-line,#3a4644);--a:var(--polyfaq-accent,#5cc9b5);--on:var(--polyfaq-on-accent,#08211d)}
@media (prefers-color-scheme:dark){:host(:not([theme=light])){--bg:var(--polyfaq-background,#141c1b);--fg:var(--polyfaq-text,#e8eceb);--soft:var(--polyfaq-soft,#1f2928);--quiet:var(--polyfaq-quiet,#a5b0ae);--line:var(--polyfaq-line,#3a4644);--a:var(--polyfaq-accent,#5cc9b5);--on:var(--polyfaq-on-accent,#08211d)}}
*{box-sizing:border-box}
button,input{font:inherit;color:inherit;margin:0}
button{cursor:pointer;border:1px solid var(--line);background:none;border-radius:8px;padding:.4em .8em;min-height:44px}
:focus-visible{outline:3px solid var(--fg);outline-offset:2px}
.main{background:var(--a);color:var(--on);border-color:var(--a);font-weight:600}
.open{border-radius:999px;padding:.6em 1.2em;box-shadow:0 2px 12px #0003}
dialog{position:fixed;inset:auto;inset-block-end:16px;inset-inline-end:16px;margin:0;padding:0;width:min(var(--polyfaq-width,420px),calc(100vw - 32px));height:min(640px,calc(100dvh - 32px));border:1px solid var(--line);border-radius:var(--r);background:var(--bg);color:var(--fg);box-shadow:0 12px 48px #0004;overflow:hidden}
dialog::backdrop{background:#0003}
.box{container-type:inline-size;background:var(--bg);display:flex;flex-direction:column;height:100%}
:is(:host([mode=inline]),:host([mode=search])) .box{border:1px solid var(--line);border-radius:var(--r);min-height:0}
header{display:flex;align-items:center;gap:8px;padding:8px 16px;border-block-end:1px solid var(--line)}
h2{font-size:1.05em;margin:0;flex:1}
header button{border:0;min-width:44px;padding:0;font-size:1.3em;line-height:1}
.view{padding:16px;overflow:auto;flex:1;overflow-wrap:anywhere}
h3{font-size:1.15em;line-height:1.3;margin:0 0 .6em}
h4{font-size:.9em;margin:1.4em 0 .4em;color:var(--quiet);font-weight:600}
p{margin:0 0 .7em}ul,ol{margin:0 0 .7em;padding-inline-start:1.4em}
ul.list{list-style:none;padding:0}ul.list>li{border-block-end:1px solid var(--line)}
.list button{display:block;width:100%;text-align:start;border:0;border-radius:0;padding:.6em 0}
.list button:hover{text-decoration:underline}
form{padding:12px 16px;border-block-end:1px solid var(--line);position:relative;margin:0}
.row{display:flex;gap:8px}
input{flex:1;min-width:0;border:1px solid var(--quiet);border-radius:8px;background:var(--bg);padding:.4em .7em;min-height:44px}
.hint,.quiet{color:var(--quiet);font-size:.85em}.hint{margin:.5em 0 0}
.options{position:absolute;z-index:1;inset-inline:16px;top:100%;margin:-6px 0 0;list-style:none;padding:4px;background:var(--bg);border:1px solid var(--line);border-radius:8px;box-shadow:0 8px 24px #0003}
.options li{padding:.55em .7em;border-radius:6px;cursor:pointer}.options li[aria-selected=true]{background:var(--soft)}
.ref{border:0;background:var(--soft);min-height:24px;min-width:24px;padding:0 .4em;margin-inline-start:.25em;font-size:.75em;border-radius:6px;font-weight:700}
.note{background:var(--soft);border-radius:8px;padding:.6em .8em;font-size:.9em}
details{border-block-end:1px solid var(--line);padding:.4em 0}summary{cursor:pointer;min-height:32px}
blockquote{margin:.5em 0;padding-inline-start:.8em;border-inline-start:3px solid var(--line);color:var(--quiet)}
a{color:inherit;text-decoration-color:var(--a);text-decoration-thickness:2px}
.foot{display:flex;gap:8px;flex-wrap:wrap;align-items:center;margin-block-start:1em}
.dots::after{content:"";display:inline-block;width:.8em;height:.8em;margin-inline-start:.5em;border:2px solid;border-inline-start-color:transparent;border-radius:50%;animation:t 1s linear infinite;vertical-align:-.1em}
@keyframes t{to{transform:rotate(1turn)}}
@media (prefers-reduced-motion:reduce){.dots::after{animation:none}}
@media (max-width:480px){dialog{inset:0;width:100vw;max-width:none;height:100dvh;max-height:none;border:0;border-radius:0}}
@container (min-width:640px){.view{padding:24px}form{padding:16px 24px}}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}`;

let sheet;
const PAUSE = 150;
const RTL = /^(ar|fa|he|ur|ps|sd|yi|dv|ckb)\b/;
const UNSPACED = /^(zh|ja|th)\b/;

// An element with properties, attributes (names with a dash, `lang`, `dir`, `role`, `part`) and children; strings become text.
function make(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === false || value === null) continue;
    if (key in element && !/^(list|form|part)$/.test(key)) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

const said = (text) => ({ lang: text.lang, dir: text.dir ?? (RTL.test(text.lang) ? "rtl" : "ltr") });
// Only what a browser may safely open.
const safe = (url) => (/^https?:\/\//i.test(url ?? "") ? url : undefined);
const outside = (url, text) => make("a", { href: safe(url), target: "_blank", rel: "noopener" }, text);

class Problem extends Error {
  constructor(kind, detail = "") {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
  }
}

class PolyfaqWidget extends HTMLElement {
  static observedAttributes = ["key", "data-key", "locale", "mode", "topic", "portal", "files"];
  #root = this.attachShadow({ mode: "open" });
  #past = [];
  #ids = 0;
  #built = false;

  connectedCallback() {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    this.#watch = new MutationObserver(() => this.locale !== this.#shownIn && this.#build());
    this.#watch.observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
    this.#build();
  }

  disconnectedCallback() {
    this.#watch?.disconnect();
    this.#request?.abort();
    clearTimeout(this.#pause);
    this.#built = false;
  }

  attributeChangedCallback(_name, before, now) {
    if (this.#built && before !== now) this.#build();
  }

  #watch;
  #request;
  #pause;
  #shownIn;

  // What other scripts may use.
  get locale() {
    const wished = this.getAttribute("locale");
    if (wished && wished !== "auto") return wished;
    return this.parentElement?.closest("[lang]")?.lang || document.documentElement.lang || navigator.language || "en";
  }
  // A language that the page names is asked for; one that is guessed is a wish, which the portal meets as well as it can.
  #named() {
    const wished = this.getAttribute("locale");
    return wished === "auto" ? null : wished;
  }
  #wishes() {
    return [this.locale, ...(navigator.languages ?? [])].slice(0, 6).map((tag, at) => (at ? `${tag};q=${(1 - at / 10).toFixed(1)}` : tag)).join(", ");
  }
  get portal() {
    return (this.getAttribute("portal") || HERE.replace(/\/static\/.*$/, "")).replace(/\/$/, "");
  }
  get mode() {
    const mode = this.getAttribute("mode");
    return mode === "inline" || mode === "search" ? mode : "button";
  }
  // Frameworks set properties where an element has them.
  set locale(tag) { this.setAttribute("locale", tag); }
  set portal(address) { this.setAttribute("portal", address); }
  set mode(mode) { this.setAttribute("mode", mode); }
  get #files() { return this.hasAttribute("files"); }
  get #asks() { return this.mode !== "search" && !this.#files; }
  open() {
    if (this.mode !== "button" || this.#dialog.open) return;
    this.#dialog.showModal();
    this.#opener.setAttribute("aria-expanded", "true");
    this.#started();
    this.#input.focus();
    this.#tell("open");
  }
  close() {
    if (this.mode === "button") this.#dialog.close();
  }
  ask(text) {
    this.open();
    this.#started();
    this.#input.value = text;
    return this.#asks ? this.#ask(text) : this.#search(text);
  }
  search(text) {
    this.open();
    this.#started();
    this.#input.value = text;
    return this.#search(text);
  }
  show(question) {
    this.open();
    return this.#question(question);
  }

  get #dialog() { return this.#root.querySelector("dialog"); }
  get #opener() { return this.#root.querySelector(".open"); }
  get #input() { return this.#root.querySelector("input"); }
  get #view() { return this.#root.querySelector(".view"); }
  get #status() { return this.#root.querySelector('[role="status"]'); }

  // The interface's language: that of the reader where we have it, else English.
  #t(name) {
    const [first] = this.locale.toLowerCase().split(/[-_]/);
    const table = (WORDS[this.locale.toLowerCase()] ?? WORDS[first === "zh" ? "zh-hans" : first] ?? WORDS.en).split("|");
    return table[NAMES.split(",").indexOf(name)];
  }
  #tag() {
    const [first] = this.locale.toLowerCase().split(/[-_]/);
    return first === "zh" ? "zh-Hans" : WORDS[first] ? first : "en";
  }

  #build() {
    this.#built = true;
    this.#request?.abort();
    this.#shownIn = this.locale;
    this.#past = [];
    const wasOpen = this.#dialog?.open;
    const direction = { lang: this.#tag(), dir: RTL.test(this.#tag()) ? "rtl" : "ltr" };
    const box = this.#box();
    if (this.mode === "button") {
      const opener = make("button", { type: "button", className: "open main", part: "button", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.open() }, this.#t("open"));
      const dialog = make("dialog", { part: "panel", "aria-labelledby": "title" }, box);
      dialog.addEventListener("close", () => {
        opener.setAttribute("aria-expanded", "false");
        this.#request?.abort();
        opener.focus();
        this.#tell("close");
      });
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      // A modal dialog keeps the focus among what can be focused, and the browser's own controls; here it goes round.
      dialog.addEventListener("keydown", (event) => this.#kept(event, dialog));
      this.#root.replaceChildren(make("div", { className: "root", ...direction }, opener, dialog));
      if (wasOpen) this.open();
    } else {
      this.#root.replaceChildren(make("section", { className: "root", ...direction, part: "panel", "aria-labelledby": "title" }, box));
      this.#started();
    }
  }

  #box() {
    const button = (name, sign, act, extra = {}) => make("button", { type: "button", "aria-label": this.#t(name), title: this.#t(name), onclick: act, ...extra }, sign);
    const back = button("back", RTL.test(this.#tag()) ? "→" : "←", () => this.#back(), { className: "back", hidden: true });
    const close = this.mode === "button" && button("close", "×", () => this.close());
    const search = !this.#asks;
    const input = make("input", {
      type: "search", maxLength: 500, autocomplete: "off", enterKeyHint: search ? "search" : "send", dir: "auto", part: "input", role: "combobox",
      placeholder: this.#t("label"), "aria-label": this.#t("label"), "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "options",
      "aria-describedby": search ? undefined : "hint",
    });
    const form = make("form", { role: "search", part: "form", noValidate: true },
      make("div", { className: "row" }, input, make("button", { className: "main", part: "submit" }, this.#t(search ? "search" : "ask"))),
      make("ul", { className: "options", id: "options", role: "listbox", hidden: true, "aria-label": this.#t("found") }),
      !search && make("p", { className: "hint", id: "hint" }, this.#t("hint")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (text) search ? this.#search(text) : this.#ask(text);
    });
    this.#suggesting(input);
    return make("div", { className: "box" },
      make("header", { part: "header" }, back, make("h2", { id: "title" }, this.#t("title")), close),
      form,
      make("div", { className: "view", part: "view", tabIndex: -1 }),
      make("p", { role: "status", className: "unseen" }));
  }

  #kept(event, dialog) {
    if (event.key !== "Tab") return;
    const all = [...dialog.querySelectorAll("button,input,a[href],summary")].filter((each) => each.offsetParent !== null);
    const [first, last] = [all[0], all.at(-1)];
    const now = this.#root.activeElement;
    if (event.shiftKey ? now === first : now === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  }

  // Views

  #started() {
    if (this.#view.childElementCount) return;
    this.#shown(() => this.#home());
  }
  // Shows a view and remembers how to come back to it.
  #shown(view) {
    this.#past.push(view);
    this.#root.querySelector(".back").hidden = this.#past.length < 2;
    return view();
  }
  #back() {
    this.#past.pop();
    const before = this.#past.pop();
    if (before) this.#shown(before);
    this.#input.focus();
  }
  #fill(...children) {
    this.#view.replaceChildren(...children.filter(Boolean));
    this.#view.scrollTop = 0;
  }

  async #home() {
    const topic = this.getAttribute("topic");
    await this.#trying(async (signal) => {
      const found = await this.#get("questions", { page_size: 8, answered: true, topic }, signal);
      this.#fill(found.results.length && make("h3", {}, this.#t("often")), this.#list(found.results), this.#foot());
    }, () => this.#home());
  }

  #list(rows) {
    return rows.length > 0 && make("ul", { className: "list", part: "list" }, ...rows.map((row) =>
      make("li", {}, make("button", { type: "button", ...said(row.text), onclick: () => this.#question(row.key) }, row.text.text))));
  }

  #question(key) {
    return this.#shown(() => this.#trying(async (signal) => {
      const page = await this.#get(`questions/${encodeURIComponent(key)}`, {}, signal);
      const answer = page.answer;
      const heading = make("h3", { ...said(page.text), tabIndex: -1 }, page.text.text);
      this.#fill(heading,
        answer && this.#answer(answer.segments),
        answer?.stale && make("p", { className: "note" }, this.#t("stale")),
        answer?.untranslated && make("p", { className: "note" }, this.#t("untranslated")),
        answer?.machine && this.#original(answer.original.map((each) => each.text).join(" "), answer.original_lang),
        answer && this.#references(answer.citations.map((each) => ({ ...each, name: each.source.title, url: each.source.url }))),
        answer && !this.#files && this.#votes(key),
        this.#foot(page.page));
      heading.focus({ preventScroll: true });
      this.#tell("answer", { outcome: "curated", question: key, locale: page.locale, text: answer?.text ?? "" });
    }, () => this.#again()));
  }

  // Sentences in paragraphs and lists, as what stands before each says, with the numbers of their references.
  #answer(segments) {
    const box = make("div", { className: "answer", part: "answer" });
    for (const segment of segments) this.#sentence(box, segment);
    return box;
  }
  #sentence(box, segment) {
    const before = segment.before ?? "";
    const item = /(?:^|\n)\s*[-*+•]\s*$/.test(before) ? "ul" : /(?:^|\n)\s*\d{1,3}[.)]\s*$/.test(before) ? "ol" : "";
    let place = box.lastElementChild;
    if (item) {
      if (place?.localName !== item) box.append((place = make(item)));
      place.append((place = make("li")));
    } else if (!place || before.includes("\n") || place.localName !== "p") {
      box.append((place = make("p")));
    } else if (!UNSPACED.test(segment.lang)) place.append(" ");
    place.append(make("span", said(segment), segment.text),
      ...(segment.citations ?? []).map((number) => make("button", { type: "button", className: "ref", part: "reference", "aria-label": `${this.#t("refs")} ${number}`, onclick: () => this.#refer(number) }, String(number))));
  }
  #refer(number) {
    const found = this.#view.querySelector(`details[data-number="${number}"]`);
    if (!found) return;
    found.open = true;
    found.querySelector("summary").focus();
    found.scrollIntoView({ block: "nearest" });
  }

  // `rows`: number, name (a text), quote (a text), passage, url.
  #references(rows) {
    if (!rows.length) return null;
    return make("section", { part: "references", "aria-labelledby": "refs" }, make("h4", { id: "refs" }, this.#t("refs")), ...rows.map((row) => {
      const body = make("div");
      const details = make("details", { "data-number": row.number }, make("summary", {}, `${row.number}. `, make("span", said(row.name), row.name.text)), make("blockquote", said(row.quote), row.quote.text), body);
      details.addEventListener("toggle", () => details.open && !body.childElementCount && this.#passage(body, row));
      return details;
    }));
  }
  async #passage(body, row) {
    try {
      const found = row.passage ? await this.#get(`passages/${encodeURIComponent(row.passage)}`, {}) : null;
      if (!found) throw new Problem("missing");
      const blocks = found.blocks.map((block) => block.translation ?? block.text);
      body.replaceChildren(
        ...(found.heading.text ? [make("p", { className: "quiet", ...said(found.heading) }, found.heading.text)] : []),
        ...blocks.map((text) => make("p", said(text), text.text)),
        make("p", {}, outside(found.page, this.#t("page"))));
    } catch {
      body.replaceChildren(safe(row.url) ? make("p", {}, outside(row.url, this.#t("page"))) : "");
    }
  }

  #original(text, lang) {
    return make("div", { className: "note" }, this.#t("machine"), text &&
      make("details", {}, make("summary", {}, this.#t("original")), make("p", { lang, dir: RTL.test(lang) ? "rtl" : "ltr" }, text)));
  }

  #votes(key) {
    const box = make("div", { className: "foot", part: "feedback", role: "group", "aria-label": this.#t("helpful") });
    const vote = async (helpful) => {
      await this.#send(`questions/${encodeURIComponent(key)}/feedback`, { helpful });
      box.replaceChildren(make("span", {}, this.#t("thanks")), make("button", { type: "button", onclick: () => tried(undo) }, this.#t("undo")));
      box.querySelector("button").focus();
      this.#status.textContent = this.#t("thanks");
      this.#tell("feedback", { question: key, helpful });
    };
    const undo = async () => {
      await this.#send(`questions/${encodeURIComponent(key)}/feedback`, undefined, "DELETE");
      asked();
      box.querySelector("button").focus();
    };
    const tried = (act) => act().catch((error) => { this.#status.textContent = this.#worded(error); box.append(make("span", { className: "quiet" }, this.#worded(error))); });
    const asked = () => box.replaceChildren(make("span", {}, this.#t("helpful")),
      make("button", { type: "button", onclick: () => tried(() => vote(true)) }, this.#t("yes")),
      make("button", { type: "button", onclick: () => tried(() => vote(false)) }, this.#t("no")));
    asked();
    return box;
  }

  #foot(page) {
    const contact = safe(this.getAttribute("contact")) ?? (/^mailto:/i.test(this.getAttribute("contact") ?? "") ? this.getAttribute("contact") : null);
    return make("p", { className: "foot quiet" }, outside(page ?? `${this.portal}/`, this.#t("portal")),
      contact && make("a", { href: contact, target: "_blank", rel: "noopener" }, this.#t("contact")));
  }

  #search(text) {
    return this.#shown(() => this.#trying(async (signal) => {
      const found = await this.#get("search", { q: text, topic: this.getAttribute("topic") }, signal);
      const nothing = !found.questions.length && !found.passages.length;
      this.#fill(
        nothing && make("h3", {}, this.#t("none")),
        found.questions.length && make("h4", {}, this.#t("found")), this.#list(found.questions),
        found.passages.length && make("h4", {}, this.#t("passages")),
        ...found.passages.map((row) => this.#hit(row)), this.#foot());
      this.#status.textContent = nothing ? this.#t("none") : `${this.#t("found")}: ${found.questions.length}`;
    }, () => this.#again()));
  }
  #hit(row) {
    const body = make("div");
    const details = make("details", {}, make("summary", {}, make("span", said(row.source.title), row.source.title.text), make("blockquote", said(row.text), row.text.text)), body);
    details.addEventListener("toggle", () => details.open && !body.childElementCount && this.#passage(body, { passage: row.passage }));
    return details;
  }

  // Asks and shows each verified sentence as it comes.
  #ask(text) {
    this.#closeOptions();
    return this.#shown(() => this.#trying(async (signal) => {
      const box = this.#answer([]);
      const heading = make("h3", { dir: "auto", tabIndex: -1 }, text);
      const waiting = make("p", { className: "quiet dots" }, this.#t("reading"));
      this.#fill(heading, box, waiting);
      heading.focus({ preventScroll: true });
      this.#status.textContent = this.#t("reading");
      const response = await this.#fetch("ask", { method: "POST", signal, body: JSON.stringify({ question: text }), headers: { Accept: "text/event-stream", "Content-Type": "application/json" } });
      for await (const [name, data] of events(response.body)) {
        if (name === "segment") this.#sentence(box, data);
        else if (name === "problem") throw new Problem("problem", data.detail);
        else if (name === "done") return this.#done(text, heading, data);
      }
      throw new Problem("away");
    }, () => this.#again()));
  }
  #done(text, heading, result) {
    const answered = result.outcome !== "abstained";
    const near = result.nearest.map((row) => ({ key: row.key, text: { text: row.text, lang: row.lang } }));
    const foreign = result.citations.filter((row) => row.lang !== result.locale);
    const machine = result.segments.some((each) => each.origin === "machine");
    this.#fill(heading,
      answered ? make("p", { className: "quiet" }, this.#t(result.outcome === "curated" ? "checked" : "sources")) : make("p", {}, make("b", {}, this.#t("none")), " ", this.#t("noneText")),
      answered && this.#answer(result.segments),
      machine && this.#original(foreign.map((row) => row.quote).join(" … "), foreign[0]?.lang ?? "en"),
      result.segments.some((each) => each.lang !== result.locale) && make("p", { className: "note" }, this.#t("untranslated")),
      this.#references(result.citations.map((row) => ({ ...row, name: { text: row.source, lang: row.lang }, quote: { text: row.quote, lang: row.lang } }))),
      result.question && this.#votes(result.question),
      near.length && make("h4", {}, this.#t("near")), this.#list(near),
      this.#foot(`${this.portal}/${result.locale}/ask/?q=${encodeURIComponent(text)}`));
    this.#status.textContent = answered ? `${this.#t("answer")}: ${result.answer}` : this.#t("none");
    this.#tell("answer", { outcome: result.outcome, question: result.question, asked: text, locale: result.locale, text: result.answer });
  }

  // Suggestions while typing: a combobox after WAI-ARIA 1.2.
  #suggesting(input) {
    let chosen = -1;
    const options = () => [...this.#root.querySelectorAll("#options li")];
    const choose = (at) => {
      options()[chosen]?.setAttribute("aria-selected", "false");
      chosen = at;
      const option = options()[at];
      option?.setAttribute("aria-selected", "true");
      option ? input.setAttribute("aria-activedescendant", option.id) : input.removeAttribute("aria-activedescendant");
    };
    const ask = async () => {
      const text = input.value.trim();
      if (!text) return this.#closeOptions();
      try {
        const found = await this.#get("suggest", { q: text });
        if (input.value.trim() !== text || this.#root.activeElement !== input) return;
        chosen = -1;
        const list = this.#root.querySelector("#options");
        list.replaceChildren(...found.results.slice(0, 5).map((row) => make("li", { role: "option", id: `option-${++this.#ids}`, "aria-selected": "false", ...said(row.text), onpointerdown: (event) => event.preventDefault(), onclick: () => pick(row.key) },
          ...row.parts.map((part) => (part.typed ? make("b", {}, part.text) : part.text)))));
        list.hidden = !found.results.length;
        input.setAttribute("aria-expanded", String(!list.hidden));
      } catch { this.#closeOptions(); }
    };
    const pick = (key) => { this.#closeOptions(); this.#question(key); };
    input.addEventListener("input", (event) => {
      clearTimeout(this.#pause);
      if (!event.isComposing) this.#pause = setTimeout(ask, PAUSE);
    });
    input.addEventListener("compositionend", ask);
    input.addEventListener("blur", () => this.#closeOptions());
    input.addEventListener("keydown", (event) => {
      const all = options(), list = this.#root.querySelector("#options");
      if (event.isComposing || list.hidden) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose(((chosen + 1 + (event.key === "ArrowDown" ? 1 : -1) + all.length + 1) % (all.length + 1)) - 1);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        this.#closeOptions();
      } else if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        all[chosen].click();
      }
    });
  }
  #closeOptions() {
    clearTimeout(this.#pause);
    const list = this.#root.querySelector("#options");
    if (list) list.hidden = true;
    this.#input?.setAttribute("aria-expanded", "false");
    this.#input?.removeAttribute("aria-activedescendant");
  }

  // Requests

  async #trying(act, again) {
    this.#request?.abort();
    const mine = (this.#request = new AbortController());
    this.#closeOptions();
    try {
      await act(mine.signal);
    } catch (error) {
      if (mine.signal.aborted || !this.isConnected) return;
      const worded = this.#worded(error);
      this.#fill(make("p", { className: "note", role: "alert" }, worded), make("p", { className: "foot" }, make("button", { type: "button", onclick: again }, this.#t("again"))), this.#foot());
      this.#tell("error", { kind: error.kind ?? "away", detail: worded });
    }
  }
  #again() {
    this.#shown(this.#past.pop());
  }
  #worded(error) {
    if (!navigator.onLine) return this.#t("offline");
    return error instanceof Problem && error.detail ? error.detail : this.#t("away");
  }
  async #fetch(path, options = {}, query = {}) {
    const address = new URL(`${this.portal}/api/v1/${path}`);
    for (const [name, value] of Object.entries({ key: this.getAttribute("key") ?? this.dataset.key, locale: this.#named(), ...query }))
      if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
    let response;
    try {
      response = await fetch(address, { credentials: "omit", referrerPolicy: "origin", ...options, headers: { "Accept-Language": this.#wishes(), ...options.headers } });
    } catch (error) {
      throw error.name === "AbortError" ? error : new Problem("away");
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Problem(String(problem.type ?? "away").split("/").at(-1), problem.detail);
  }
  async #get(path, query, signal) {
    if (this.#files) return (await import(`${this.portal}/static/widget/polyfaq-files.js`)).read(this.portal, path, query, [this.locale, ...(navigator.languages ?? [])], signal).catch((error) => { throw error.name === "AbortError" ? error : new Problem("away"); });
    return (await this.#fetch(path, { signal }, query)).json();
  }
  #send(path, body, method = "POST") {
    return this.#fetch(path, { method, body: body && JSON.stringify(body), headers: body ? { "Content-Type": "application/json" } : {} });
  }
  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(`polyfaq:${name}`, { detail, bubbles: true, composed: true }));
  }
}

// [name, data] of each server-sent event.
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
      if (name) yield [name, JSON.parse(data)];
    }
  }
}

customElements.define("polyfaq-widget", PolyfaqWidget);
})();
