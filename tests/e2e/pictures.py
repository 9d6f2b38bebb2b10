"""The pictures of the how-tos: `python -m tests.e2e.pictures` loads the demonstration aside and writes docs/images/desk-*.png."""

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.chromium import CHROMIUM, QUIET

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 860
TABLE = (
    "Fragen des Bürgerbüros;;;\nNr;Frage;Antwort;Rubrik\n"
    "1;Wie lange gilt ein Besucherausweis?;Er gilt 24 Stunden. Danach lösen Sie einen neuen.;Parken\n"
    "2;Kann ich mit Karte zahlen?;Ja, an allen Automaten und am Schalter.;Parken\n3;Was tun bei Verlust?;;Parken\n"
)
PREPARE = """
from pathlib import Path
from django.contrib.auth.models import Group, User
from faq.domain import people, roles, sources
from faq.models import Question, Source
from faq.queries import aids
import io, zipfile
from faq.domain import jobs
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("handbook/hours.md", "# Hours\\n\\nWe open at nine.\\n")
    archive.writestr("handbook/fees.md", "# Fees of old\\n\\nIt costs 2 euros.\\n")
kept = sources.keep_folder(packed.getvalue(), "handbook.zip")
jobs.run(sources.ingest_folder(kept, "handbook", "en").pk)
from faq.domain import glossary
from faq.models import GlossaryTerm
for term, kind, tag, word in (
    ("Larkmouth", "keep", None, ""), ("resident permit", "preferred", "de", "Bewohnerparkausweis"),
    ("Service Centre", "preferred", "fr", "centre de services"), ("Service Centre", "forbidden", "fr", "mairie"),
):
    row = GlossaryTerm(term=term, kind=kind, source_locale_id="en", target_locale_id=tag, translation=word)
    glossary.save_term(row)
roles.ensure()
tina = User.objects.create_user("tina", is_staff=True, first_name="Tina")
tina.groups.add(Group.objects.get(name="translator"))
people.assign_locales(tina, ["fr", "pl"])
path = Path("demo/sources/recycling.html")
source = Source.objects.filter(published_revision__text__contains="25 euros").order_by("pk").first()
sources.revise_content(source, data=path.read_bytes().replace(b"25 euros", b"27 euros"), filename=path.name)
written = Question.objects.get(key="passport")
print("PICTURES", source.pk, tina.pk, aids.left_to_do("ar")[0], written.pk)
"""


def main() -> int:
    """Write them all; 1 where there is no Chromium."""
    if not CHROMIUM:
        sys.stderr.write("There is no Chromium here; install it, then run this again.\n")
        return 1
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"POLYFAQ_HOME": home, "POLYFAQ_DEBUG": "1"}
        for command in (["migrate"], ["load_demo"]):
            _manage(environment, *command)
        said = _manage(environment, "shell", "-c", PREPARE)
        source, person, question, written = next(
            line for line in said.splitlines() if line.startswith("PICTURES")
        ).split()[1:]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            _take(f"http://127.0.0.1:{port}", source, person, question, written)
        finally:
            server.terminate()
            server.wait(20)
    return 0


def _manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    return done.stdout


def _wait(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise SystemExit("The server did not start.")


def _take(base: str, source: str, person: str, question: str, written: str) -> None:
    from playwright.sync_api import sync_playwright

    pages = {
        "dashboard": "/admin/",
        "coverage": "/admin/faq/question/coverage/",
        "gap": "/admin/faq/gap/1/change/",
        "two-factor": "/admin/two-factor/",
        "source": f"/admin/faq/source/{source}/change/",
        "translation": f"/admin/faq/answerrevision/of/{question}/ar/",
        "translators": "/admin/faq/translationunit/files/",
        "person": f"/admin/auth/user/{person}/change/",
        "knowledge": "/admin/faq/locale/knowledge/",
        "jobs": "/admin/faq/job/",
        "glossary": "/admin/faq/glossaryterm/",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, base_url=base, locale="en")
        page.goto("/admin/login/?next=/admin/")
        page.fill("#id_username", "editor")
        page.fill("#id_password", "larkmouth")
        page.press("#id_password", "Enter")
        page.wait_for_url("**/admin/")
        for name, address in pages.items():
            page.goto(address)
            if name == "two-factor":
                page.get_by_role("button", name="Set it up").click()
            if name == "source":
                page.get_by_text("What changes, word by word").click()
            _picture(page, name, to="#id_translates_into" if name == "person" else "")
        _write(page, written)
        _collide(page)
        _bring(page)
        page.goto("/admin/faq/question/import/")
        page.set_input_files(
            "input[type=file]", {"name": "fragen.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
        )
        page.click("form .pf-primary")
        page.select_option("[name=locale]", "de")
        page.get_by_role("button", name="Look again").click()
        page.locator("bdi", has_text="de").first.wait_for()
        _picture(page, "import")
        browser.close()


def _write(page: Any, question: str) -> None:
    """An answer with a wrong number in it, and the page as readers would see it."""
    page.goto(f"/admin/faq/question/{question}/change/")
    answer = page.get_by_label("Answer", exact=True)
    answer.fill(answer.input_value().replace("72", "75", 1))
    page.locator("#check .pf-said").first.wait_for()
    _picture(page, "question")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview").click()
    shown = opened.value
    shown.get_by_role("button", name="العربية").click()
    shown.frame_locator("#shown").locator("html[lang=ar]").wait_for()
    shown.get_by_role("button", name="Telephone").click()
    _picture(shown, "preview")
    shown.close()
    page.get_by_label("Answer", exact=True).evaluate("field => { field.value = field.defaultValue; }")


def _collide(page: Any) -> None:
    """A topic that was saved by somebody else while it was open."""
    page.goto("/admin/faq/topic/1/change/")
    with page.expect_popup() as opened:
        page.evaluate("open(location.href)")
    other = opened.value
    other.locator("#id_title").fill("Waste, recycling and street cleaning")
    other.locator("[name=_continue]").click()
    other.locator(".bg-green-100, [role=alert], .messagelist, #content").first.wait_for()
    other.close()
    page.locator("#id_title").fill("Waste and recycling in Larkmouth")
    page.locator("[name=_save]").click()
    page.get_by_text("Somebody else made it").wait_for()
    _picture(page, "conflict")


def _bring(page: Any) -> None:
    """A folder that comes in for the second time."""
    page.goto("/admin/faq/source/folder/")
    files = {"hours.md": "# Hours\n\nWe open at eight.\n", "map.pdf.txt": "Where things are.\n"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"handbook/{name}", text)
    given = {"name": "handbook.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    page.set_input_files("[name=file]", given)
    page.get_by_role("button", name="Look it through").click()
    page.get_by_role("button", name="Bring them in").wait_for()
    _picture(page, "folder", to="button[name=take]")


def _picture(page: Any, name: str, *, to: str = "") -> None:
    page.wait_for_load_state("networkidle")
    if to:
        page.locator(to).scroll_into_view_if_needed()
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(path=IMAGES / f"desk-{name}.png")


if __name__ == "__main__":
    raise SystemExit(main())
