"""A package is installed whole or not at all, and nothing of an archive lands elsewhere."""

import functools
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.translation.packaging import REAL, small, write
from translation import archives, packages
from translation.types import EngineUnavailable, InvalidPackage, LanguagePair, UnsupportedPair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "argos"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server over a folder: its address and the folder."""
    root = tmp_path / "web"
    root.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", root
    server.shutdown()
    server.server_close()


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_an_installed_package_is_listed_without_its_sentence_model(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = packages.install_file(write(tmp_path / "a.argosmodel", small()), folder, lambda d, t: seen.append((d, t)))
    assert packages.installed(folder) == [made]
    assert (made.source, made.target, made.version) == ("en", "fr", "1.0")
    assert not (made.path / "stanza").exists()
    assert seen[-1][0] == seen[-1][1] > 0


def test_installing_the_same_file_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.argosmodel", small())
    first = packages.install_file(path, folder)
    stamp = first.path.stat().st_mtime_ns
    assert packages.install_file(path, folder) == first
    assert first.path.stat().st_mtime_ns == stamp


def test_another_version_takes_the_place_of_the_one_before(folder: Path, tmp_path: Path) -> None:
    packages.install_file(write(tmp_path / "a.argosmodel", small(package_version="1.9")), folder)
    made = packages.install_file(write(tmp_path / "b.argosmodel", small(package_version="1.10")), folder)
    assert [package.version for package in packages.installed(folder)] == ["1.10"]
    assert visible(folder) == [made.path.name]


def test_a_damaged_installation_is_not_listed_and_is_mended(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.argosmodel", small())
    (packages.install_file(path, folder).path / "model" / "model.bin").unlink()
    assert packages.installed(folder) == []
    packages.install_file(path, folder)
    assert len(packages.installed(folder)) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil", "outside"), ("translate-x/../../evil", "outside"), ("/evil", "outside"), ("translate-x/a:b", "outside"),
        ("translate-x\\evil", "outside"), ("other/evil", "one folder"), ("evil", "one folder"),
        ("translate-x/METADATA.json", "twice"),
    ],
)  # fmt: skip
def test_a_file_at_an_odd_place_is_refused(name: str, message: str, folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.argosmodel", small())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(InvalidPackage, match=message):
        packages.install_file(path, folder)
    assert visible(folder) == []
    assert not (tmp_path / "evil").exists()


def test_links_are_refused(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.argosmodel", small())
    link = zipfile.ZipInfo("translate-x/link")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InvalidPackage, match="link"):
        packages.install_file(path, folder)


def test_sizes_are_bounded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.argosmodel", small() | {"model/bomb": b"0" * 5_000_000})
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(InvalidPackage, match="unpack to more than 1 MB"):
        packages.install_file(path, folder)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    with pytest.raises(InvalidPackage, match="holds 6 files"):
        packages.install_file(path, folder)
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 100)
    with pytest.raises(InvalidPackage, match="larger than"):
        packages.install_file(path, folder)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"metadata.json": b"{"}, "no JSON"),
        ({"metadata.json": b"[]"}, "no JSON object"),
        ({"metadata.json": b'{"from_code": "en"}'}, "pair of languages"),
        ({"metadata.json": b'{"from_code": "en", "to_code": "en"}'}, "pair of languages"),
        ({"metadata.json": b'{"from_code": "../x", "to_code": "en"}'}, "pair of languages"),
        ({"metadata.json": b'{"from_code": "en", "to_code": "fr", "package_version": 3}'}, "package_version"),
        ({"metadata.json": b'{"type": "sbd"}'}, "type 'sbd'"),
        ({"model/model.bin": None}, "incomplete"),
        ({"sentencepiece.model": None}, "no tokenizer"),
        ({"sentencepiece.model": None, "bpe.model": b"x"}, "BPE"),
        ({"metadata.json": None}, "no metadata.json"),
    ],
)
def test_what_is_no_translation_package_is_refused_and_named(
    files: dict[str, bytes | None], message: str, folder: Path, tmp_path: Path
) -> None:
    made = {name: data for name, data in (small() | files).items() if data is not None}  # type: ignore[operator]
    with pytest.raises(InvalidPackage, match=message) as caught:
        packages.install_file(write(tmp_path / "my.argosmodel", made), folder)
    assert "my.argosmodel" in str(caught.value)
    assert visible(folder) == []


def test_broken_archives_are_refused(folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.argosmodel"
    text.write_text("no zip")
    with pytest.raises(InvalidPackage, match="zip archive"):
        packages.install_file(text, folder)
    path = write(tmp_path / "a.argosmodel", small() | {"model/model.bin": os.urandom(50_000)})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InvalidPackage, match="damaged"):
        packages.install_file(path, folder)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InvalidPackage):
        packages.install_file(path, folder)
    with pytest.raises(InvalidPackage, match="no file"):
        packages.install_file(tmp_path / "none.argosmodel", folder)
    assert visible(folder) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from translation import packages
packages.install_file(Path(sys.argv[1]), Path(sys.argv[2]), lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_installation_shows_nothing_and_the_next_one_cleans_up(folder: Path) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED, str(REAL), str(folder)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert packages.installed(folder) == []
    left = visible(folder)
    assert len(left) == 1
    assert left[0].startswith(".partial-")
    made = packages.install_file(REAL, folder)
    assert visible(folder) == [made.path.name]


STEPS = """
import os, signal, sys
from pathlib import Path
from translation import archives, packages

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

thing, name = {"read": (archives, "read"), "rename": (Path, "replace"), "discard": (packages, "_discard"),
               "remove": (packages.shutil, "rmtree"), "fsync": (os, "fsync")}[sys.argv[3]]
setattr(thing, name, die)
packages.install_file(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("step", "left"), [("fsync", "1.0"), ("read", "1.0"), ("rename", "1.0"), ("remove", "2.0"), ("discard", "2.0")]
)
def test_killed_at_any_step_one_whole_version_is_listed_and_the_next_installation_ends_well(
    step: str, left: str, folder: Path, tmp_path: Path
) -> None:
    packages.install_file(write(tmp_path / "a.argosmodel", small(package_version="1.0")), folder)
    newer = write(tmp_path / "b.argosmodel", small(package_version="2.0"))
    died = subprocess.run([sys.executable, "-c", STEPS, str(newer), str(folder), step], check=False)
    assert died.returncode == -signal.SIGKILL
    assert [package.version for package in packages.installed(folder)] == [left]
    made = packages.install_file(newer, folder)
    assert ([package.version for package in packages.installed(folder)], made.version) == (["2.0"], "2.0")
    assert [name for name in visible(folder) if name.startswith(".partial-")] == []


FULL = """
import resource, sys
from pathlib import Path
from translation import packages
from translation.types import EngineUnavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    getattr(packages, sys.argv[3])(sys.argv[1] if "url" in sys.argv[3] else Path(sys.argv[1]), Path(sys.argv[2]))
except EngineUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("how", ["install_file", "install_from_url"])
def test_a_disk_that_is_full_in_truth_leaves_the_version_before(
    how: str, web: tuple[str, Path], folder: Path, tmp_path: Path
) -> None:
    packages.install_file(write(tmp_path / "a.argosmodel", small(package_version="1.0")), folder)
    newer = small(package_version="2.0") | {"model/model.bin": os.urandom(200_000)}
    path = write(web[1] / "b.argosmodel", newer)
    what = f"{web[0]}/b.argosmodel" if "url" in how else str(path)
    told = subprocess.run(
        [sys.executable, "-c", FULL, what, str(folder), how], check=True, capture_output=True, text=True
    )
    assert "could not be stored" in told.stdout or "cannot be stored" in told.stdout
    assert ([package.version for package in packages.installed(folder)], len(visible(folder))) == (["1.0"], 1)


def test_a_full_disk_leaves_nothing_and_says_so(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives.os, "fsync", full)
    with pytest.raises(EngineUnavailable, match="No space left"):
        packages.install_file(write(tmp_path / "a.argosmodel", small()), folder)
    assert visible(folder) == []


def test_two_installations_do_not_meet_in_one_folder(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.argosmodel", small())

    def second(done: int, total: int) -> None:
        with pytest.raises(EngineUnavailable, match="Another installation"):
            packages.install_file(path, folder)

    packages.install_file(path, folder, second)


def test_packages_come_from_a_folder_by_language(folder: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    write(shelf / "a.argosmodel", small(to_code="fr"))
    write(shelf / "b.argosmodel", small(from_code="zh", to_code="en"))
    assert [p.source for p in packages.install_from(shelf, folder, languages=["zh-CN"])] == ["zh-hans"]
    with pytest.raises(UnsupportedPair, match=r"a\.argosmodel"):
        packages.install_from(shelf, folder, languages=["pl"])
    assert len(packages.install_from(shelf, folder)) == 2


def test_a_package_is_removed(folder: Path, tmp_path: Path) -> None:
    packages.install_file(write(tmp_path / "a.argosmodel", small(to_code="zt")), folder)
    assert packages.remove(LanguagePair("en", "zh-TW"), folder) == 1
    assert packages.remove(LanguagePair("en", "zh-TW"), folder) == 0
    assert visible(folder) == []


def test_codes_are_argos_on_one_side_and_bcp_47_on_the_other() -> None:
    tags = ["zh-hans", "zh_CN", "zh", "zh-Hant", "zh-TW", "pt-BR", "pt-pt", "de-AT", "no", "nb", "iw", "EN_us"]
    assert [packages.argos_code(tag) for tag in tags] == [
        "zh", "zh", "zh", "zt", "zt", "pb", "pt", "de", "nb", "nb", "he", "en",
    ]  # fmt: skip
    assert [packages.tag(code) for code in ("zh", "zt", "pb", "de", "nb")] == [
        "zh-hans",
        "zh-hant",
        "pt-br",
        "de",
        "nb",
    ]


def index(web: tuple[str, Path], **changes: object) -> str:
    row = {
        "package_version": "1.0", "argos_version": "1.9", "from_code": "en", "from_name": "English", "to_code": "fr",
        "to_name": "French", "code": "translate-en_fr", "links": [f"{web[0]}/a.argosmodel"],
    } | changes  # fmt: skip
    (web[1] / "index.json").write_text(json.dumps([row, {"type": "sbd", "package_version": "1"}]))
    return f"{web[0]}/index.json"


def test_packages_come_from_an_index(web: tuple[str, Path], folder: Path) -> None:
    write(web[1] / "a.argosmodel", small())
    address = index(web)
    assert [(row.source, row.target, row.name) for row in packages.available(address)] == [
        ("en", "fr", "English → French")
    ]
    made = packages.install_from_index(LanguagePair("en", "fr"), folder, address)
    assert packages.installed(folder) == [made]
    with pytest.raises(UnsupportedPair, match="from en into pl"):
        packages.install_from_index(LanguagePair("en", "pl"), folder, address)


def test_addresses_that_fail_are_named(web: tuple[str, Path], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineUnavailable, match="404"):
        packages.available(f"{web[0]}/none.json")
    with pytest.raises(EngineUnavailable, match="404"):
        packages.install_from_index(LanguagePair("en", "fr"), folder, index(web))
    with pytest.raises(InvalidPackage, match="no web address"):
        packages.available("file:///etc/passwd")
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        packages.available("http://127.0.0.1:9/index.json")
    (web[1] / "page.html").write_text("<html>")
    with pytest.raises(InvalidPackage, match="no package index"):
        packages.available(f"{web[0]}/page.html")
    write(web[1] / "a.argosmodel", small())
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 100)
    with pytest.raises(InvalidPackage, match="larger"):
        packages.install_from_url(f"{web[0]}/a.argosmodel", folder)
    assert visible(folder) == []


READS_INDEX = """
import os, sys
from pathlib import Path
home = Path(sys.argv[1])
os.environ["HOME"] = str(home)
from translation import packages
before = dict(os.environ)
packages._argostranslate()
assert dict(os.environ) == before
assert list(home.iterdir()) == [], list(home.iterdir())
assert not {"torch", "stanza", "spacy", "ctranslate2", "argostranslate.translate"} & set(sys.modules)
"""


def test_reading_an_index_makes_no_folder_at_home_and_imports_nothing_heavy(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run([sys.executable, "-c", READS_INDEX, str(home)], check=True)
