"""Walk the site from its start pages, sitemap and robots.txt along every internal link, and write what is found.

The walk is repeated when content changes meanwhile, so that the files are of one moment.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse

import faq
from faq import cache, conf
from faq.errors import Conflict, Invalid
from faq.export import searching, widget
from faq.export.folder import Folder
from faq.export.links import file_name, linked, located
from faq.export.visitor import Answer, Visitor
from faq.queries import locales

Progress = Callable[[int, int], None]
TRIES = 3
NO_PAGE = "404.html"
NOWHERE = "no-such-page/"
"""A path that leads nowhere; its page is the one for addresses that do not exist."""
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Report:
    """`pages`: HTML pages; the others: all files. `bytes`: of all files. `unsearched`: languages whose passages are too many
    to be searched without a server."""

    pages: int
    written: int
    unchanged: int
    removed: int
    bytes: int
    unsearched: tuple[str, ...]


@dataclass(slots=True)
class _Walk:
    """What a walk has met. `linked`: path -> the page that led there first."""

    linked: dict[str, str] = field(default_factory=dict)
    todo: deque[str] = field(default_factory=deque)
    pages: int = 0
    bytes: int = 0
    rows: dict[str, list[searching.Row]] = field(default_factory=dict)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def meet(self, paths: Iterable[str], where: str) -> None:
        for path in paths:
            if path not in self.linked:
                self.linked[path] = where
                self.todo.append(path)


def export_site(path: Path, *, live: str = "", progress: Progress | None = None) -> Report:
    """Write the public site into a folder. `live`: the portal's own address, where readers of the files may ask; without it
    the files offer search only.

    Conflict for a folder of other files, or when content never stands still; Invalid for a page with a link that leads
    nowhere; Unavailable when the folder cannot be written. After an error the folder is as it was.
    """
    folder = Folder(path)
    for _ in range(TRIES):
        before = _stamps()
        exporting = _Export(folder, live, progress)
        exporting.walk()
        if _stamps() == before:
            return exporting.finish()
        folder.drop()
    raise Conflict("Content changed all the time while the site was exported. Try again when nobody publishes.")


def _stamps() -> tuple[str, str]:
    return cache.version(cache.CONTENT), cache.version(cache.LOCALES)


class _Export:
    def __init__(self, folder: Folder, live: str, progress: Progress | None) -> None:
        self._folder, self._live, self._progress = folder, live, progress
        split = urlsplit(str(conf.get("SITE_URL")))
        self._address = f"{split.scheme}://{split.netloc}"
        self._prefix = quote(get_script_prefix())
        self._visitor = Visitor(self._address, live)
        self._walk = _Walk()
        self._unsearched: list[str] = []

    def walk(self) -> None:
        """Put every file into the folder's waiting room. Invalid where a link leads nowhere."""
        tags = [locale.tag for locale in locales.enabled_locales()]
        default = locales.default_locale().tag
        self._root(default)
        self._walk.meet([f"{self._prefix}{name}" for name in ("sitemap.xml", "robots.txt", "llms.txt")], "")
        self._walk.meet([reverse("home", args=[tag]) for tag in tags], "")
        self._walk.meet([reverse("search", args=[tag]) for tag in tags], "")
        self._walk.meet([reverse("llms-language", args=[tag]) for tag in tags], "")
        self._walk.meet(widget.scripts(), "")
        done = 0
        while self._walk.todo:
            self._visit(self._walk.todo.popleft())
            done += 1
            if self._progress:
                self._progress(done, done + len(self._walk.todo))
        self._no_page(default)
        if self._walk.broken:
            self._folder.drop()
            page, link = self._walk.broken[0]
            raise Invalid(
                "%(number)s links lead nowhere; the first is %(link)s on %(page)s. Nothing was changed.",
                number=len(self._walk.broken), link=link, page=page or "/",
            )  # fmt: skip
        for tag in tags:
            self._search_files(tag)
        for name, content in widget.files(self._visitor, self._prefix, tags):
            self._put(name, content)

    def finish(self) -> Report:
        about = {"version": faq.__version__, "site": self._address + self._prefix, "live": self._live}
        changes = self._folder.finish(about)
        return Report(
            pages=self._walk.pages,
            written=len(changes.written),
            unchanged=len(changes.unchanged),
            removed=len(changes.removed),
            bytes=self._walk.bytes,
            unsearched=tuple(self._unsearched),
        )

    def _visit(self, path: str) -> None:
        answer = self._visitor.get(path)
        if answer.status == 400:
            raise Invalid(
                "The portal does not answer to its own address %(address)s. Set POLYFAQ_SITE_URL and "
                "POLYFAQ_ALLOWED_HOSTS, and export again.",
                address=self._address,
            )
        if answer.status != 200:
            self._walk.broken.append((self._walk.linked[path], path))
            return
        self._put(file_name(path, self._prefix), self._followed(path, answer))

    def _followed(self, path: str, answer: Answer) -> bytes:
        """The answer's body as a file, after its links were met."""
        if answer.kind == "application/xml":
            self._walk.meet(located(answer.body.decode(), self._address), path)
        if answer.kind != HTML:
            return answer.body
        page = linked(answer.body.decode(), self._prefix)
        self._walk.meet(page.paths, path)
        self._walk.pages += 1
        self._remember(path, page.text)
        return page.text.encode()

    def _remember(self, path: str, html: str) -> None:
        """What search needs of the page."""
        tag, _, rest = path.removeprefix(self._prefix).partition("/")
        kind, _, key = rest.strip("/").partition("/")
        if kind == "questions" and (row := searching.question_row(path, html)):
            self._walk.rows.setdefault(tag, []).append(row)
        elif kind == "sources":
            self._walk.sources.setdefault(tag, {})[unquote(key)] = path

    def _put(self, name: str, content: bytes) -> None:
        self._walk.bytes += len(content)
        self._folder.put(name, content)

    def _root(self, default: str) -> None:
        """The first address: to the reader's language, without a server to ask."""
        context = {"locales": locales.enabled_locales(), "default": default}
        page = linked(render_to_string("site/exported_root.html", context), self._prefix)
        self._walk.meet(page.paths, "")
        self._walk.pages += 1
        self._put("index.html", page.text.encode())

    def _no_page(self, default: str) -> None:
        answer = self._visitor.get(f"{self._prefix}{default}/{NOWHERE}")
        # Its menu leads to the same page in other languages, which is not there either: to their start pages instead.
        page = linked(answer.body.decode().replace(NOWHERE, ""), self._prefix)
        self._walk.broken += [(NO_PAGE, path) for path in page.paths if path not in self._walk.linked]
        self._walk.pages += 1
        self._put(NO_PAGE, page.text.encode())

    def _search_files(self, tag: str) -> None:
        others = searching.wordings(tag)
        rows = self._walk.rows.get(tag, [])
        whole = [[*row, others.get(unquote(str(row[0]).rstrip("/").rpartition("/")[2]), [])] for row in rows]
        self._put(f"{tag}/search/questions.json", searching.questions_file(whole))
        found = searching.passages_file(searching.passage_rows(tag, self._walk.sources.get(tag, {})))
        if found is None:
            self._unsearched.append(tag)
        else:
            self._put(f"{tag}/search/passages.json", found)
