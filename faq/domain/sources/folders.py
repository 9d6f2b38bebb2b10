"""A folder of files, packed as a ZIP: looked through first, then each file a source, known again by its place in the folder.

Brought in again, files that changed become revisions of their sources, and what has not changed is only counted. Invariants:
nothing is unpacked onto the disk; no more is read of a file, and of all together, than the ceilings allow, whatever the archive
says of itself.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from faq import conf
from faq.domain import access, audit, jobs, uploads
from faq.domain.sources.contents import clean, given, raw_digest
from faq.enums import JobKind, SourceKind, State
from faq.errors import DomainError, Invalid
from faq.models import Job, Source, Topic
from faq.queries import locales

SUFFIXES = frozenset(
    {".md", ".markdown", ".html", ".htm", ".xhtml", ".txt", ".text", ".rst", ".pdf", ".docx", ".csv", ".tsv", ".xlsx"}
)
"""Of files that are read; others of a folder are left out."""
MOST_IN_FOLDER = 2000
MOST_BYTES = 500_000_000
"""Of all files together, unpacked."""
NAME_LENGTH = 80
SCHEME = "folder:"


@dataclass(frozen=True, slots=True)
class Folder:
    """What bringing it in would do: places of files that are new, and that changed; how many are the same; those that cannot be
    read, each with the reason; how many are of another kind; sources of this folder that are no longer in it."""

    name: str
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: int = 0
    unread: tuple[tuple[str, str], ...] = ()
    other: int = 0
    gone: tuple[Source, ...] = ()

    @property
    def brings(self) -> int:
        """Files that come in."""
        return len(self.new) + len(self.changed)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of the archive. `place`: below the folder, with its name."""

    info: zipfile.ZipInfo
    place: str


def keep_folder(data: bytes, filename: str) -> str:
    """Hold an archive for a day; the name it is kept under. Invalid for what is no ZIP, holds nothing to read, or too much."""
    with _opened(data, filename) as archive:
        members, _other = _members(archive)
    if not members:
        raise Invalid("%(file)s holds no file that can be read.", file=filename)
    return uploads.keep(data, "folder.zip")


def folder_name(data: bytes, filename: str) -> str:
    """What a folder is called by itself: the one that all its files are in, else the archive's own name."""
    with _opened(data, filename) as archive:
        tops = {PurePosixPath(each.filename).parts[0] for each in archive.infolist() if "/" in each.filename}
        alone = len(tops) == 1 and all("/" in each.filename for each in archive.infolist())
    return clean(next(iter(tops)) if alone else PurePosixPath(filename).stem)[:NAME_LENGTH] or "folder"


@access.needs("add_source", "change_source")
def look_at_folder(kept: str, name: str, locale: str, *, actor: audit.Actor = None) -> Folder:
    """What bringing in a folder that keep_folder() holds would do, under this name, in this language."""
    tag, name = locales.require(locale).tag, _named(name)
    known = {source.path: source for source in _of_folder(name)}
    new, changed, same, unread, seen = list[str](), list[str](), 0, list[tuple[str, str]](), set[str]()
    with _opened(uploads.read_kept(kept), name) as archive:
        members, other = _members(archive)
        for member in members:
            seen.add(path_of(name, member.place))
            source = known.get(path_of(name, member.place))
            try:
                if source is not None and source.locale_id != tag:
                    raise Invalid(
                        "“%(title)s” is here in %(locale)s. Ingest it with that language, or retire it first.",
                        title=source.title,
                        locale=source.locale_id,
                    )
                digest = _digest(_bytes(archive, member), member)
            except DomainError as error:
                unread.append((member.place, str(error)))
                continue
            if source is None:
                new.append(member.place)
            elif source.raw_hash != digest:
                changed.append(member.place)
            else:
                same += 1
    # What a table of questions says in other languages has the place of its file, and a mark behind it.
    gone = [
        row
        for path, row in known.items()
        if path not in seen and path.rpartition("#")[0] not in seen and row.state != State.RETIRED
    ]
    return Folder(name, tuple(new), tuple(changed), same, tuple(unread), other, tuple(gone))


@access.needs("add_source", "change_source")
def ingest_folder(
    kept: str,
    name: str,
    locale: str,
    *,
    topic: Topic | None = None,
    publish: bool = False,
    actor: audit.Actor = None,
) -> Job:
    """Enqueue the job that brings in what look_at_folder() tells. Invalid where that is nothing."""
    if publish:
        access.require(actor, "publish_source")
    looked = look_at_folder(kept, name, locale)
    if not looked.brings:
        raise Invalid("Nothing in this folder is new or has changed.")
    args = {
        "folder": [kept, looked.name],
        "locale": locales.require(locale).tag,
        "topic": topic.key if topic else "",
        "publish": publish,
    }
    return jobs.enqueue(JobKind.INGEST, args, actor=actor)


@contextmanager
def opened_folder(kept: str) -> Iterator[tuple[Sequence[str], Callable[[str], bytes]]]:
    """The places of a kept folder's files, always in the same order, and what reads one: Invalid for one that cannot be read."""
    with _opened(uploads.read_kept(kept), kept) as archive:
        members = {member.place: member for member in _members(archive)[0]}
        yield tuple(members), lambda place: _bytes(archive, members[place])


def path_of(name: str, place: str) -> str:
    """How a file's source is known again."""
    return f"{SCHEME}{name}/{place}"


def is_readable(name: str) -> bool:
    """Whether a file of a folder is read: of a known kind, and not hidden."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _named(name: str) -> str:
    name = clean(name).strip("/ ")[:NAME_LENGTH]
    if not name or "/" in name or "#" in name:
        raise Invalid("Give the folder a name without slashes; by it, its files are known again.")
    return name


def _opened(data: bytes, filename: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Invalid("%(file)s is no ZIP archive, or is damaged.", file=filename) from error


def _members(archive: zipfile.ZipFile) -> tuple[list[_Member], int]:
    """The files that are read, by their place, and how many others there are. A folder around them all is not part of it."""
    files = [each for each in archive.infolist() if not each.is_dir()]
    readable = [each for each in files if all(not part.startswith((".", "__MACOSX")) for part in _parts(each))]
    readable = [each for each in readable if _parts(each) and is_readable(_parts(each)[-1])]
    if len(readable) > MOST_IN_FOLDER:
        raise Invalid(
            "%(n)s files are too many at once; at most %(most)s. Bring in its folders one by one.",
            n=len(readable),
            most=MOST_IN_FOLDER,
        )
    if (total := sum(each.file_size for each in readable)) > MOST_BYTES:
        raise Invalid(
            "The files have %(size)s MB together; the ceiling is %(ceiling)s MB. Bring in its folders one by one.",
            size=total // 1_000_000,
            ceiling=MOST_BYTES // 1_000_000,
        )
    tops = {_parts(each)[0] for each in readable}
    within = 1 if len(tops) == 1 and all(len(_parts(each)) > 1 for each in readable) else 0
    by_place = {clean("/".join(_parts(each)[within:])): each for each in readable}
    members = [_Member(by_place[place], place) for place in sorted(by_place) if place]
    return members, len(files) - len(readable)


def _parts(info: zipfile.ZipInfo) -> list[str]:
    return [part for part in info.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def _bytes(archive: zipfile.ZipFile, member: _Member) -> bytes:
    ceiling = int(conf.get("UPLOAD_MAX_BYTES"))
    try:
        with archive.open(member.info) as file:
            data = file.read(ceiling + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        reason = _("it is encrypted") if member.info.flag_bits & 1 else _("it is damaged")
        raise Invalid("%(file)s cannot be read: %(reason)s.", file=member.place, reason=reason) from error
    if len(data) > ceiling:
        raise Invalid("%(file)s is larger than %(limit)d MB; divide it.", file=member.place, limit=ceiling // 1_000_000)
    return data


def _digest(data: bytes, member: _Member) -> str:
    content = given(data, PurePosixPath(member.place).name, "", SourceKind.FILE)
    return raw_digest(content)


def _of_folder(name: str) -> list[Source]:
    return list(Source.objects.filter(path__startswith=f"{SCHEME}{name}/").order_by("path"))
