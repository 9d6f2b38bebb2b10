"""How fast does a page of segments go through the engine, one by one and pooled?

    python benchmarks/translation.py [--packages DIR] [--from en] [--into de]

Without a folder it installs the small package of the tests in a temporary one: 5.5 million weights, a tenth of a published
package, so compare the two rows, not the figures with other machines'. Prints rows of a Markdown table.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from translation import packages  # noqa: E402
from translation.argos import ArgosEngine  # noqa: E402
from translation.pipeline import translate  # noqa: E402
from translation.types import LanguagePair  # noqa: E402

SMALL = HERE.parent / "tests" / "data" / "argos" / "translate-en_de-0_1.argosmodel"
SEGMENTS = HERE.parent / "demo" / "segments.en.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, help="folder of installed packages")
    parser.add_argument("--from", dest="source", default="en")
    parser.add_argument("--into", dest="target", default="de")
    options = parser.parse_args()
    pair = LanguagePair(options.source, options.target)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.packages or Path(temporary)
        if options.packages is None:
            packages.install_file(SMALL, folder)
        for row in rows(ArgosEngine(folder), pair):
            print(row)


def rows(engine: ArgosEngine, pair: LanguagePair) -> list[str]:
    """Markdown rows: what, segments a second."""
    lines = [line for line in SEGMENTS.read_text(encoding="utf-8").splitlines() if line]
    begin = time.perf_counter()
    engine.translate(lines[:1], pair)
    loading = time.perf_counter() - begin
    single = _rate(lines, lambda: [engine.translate([line], pair) for line in lines])
    pooled = _rate(lines, lambda: engine.translate(lines, pair))
    whole = _rate(lines, lambda: translate(lines, pair=pair, engine=engine, lookup=lambda texts: {}))
    return [
        f"| translate {len(lines)} segments one by one | {single:,.0f} a second |",
        f"| the same in one call, pooled and sorted | {pooled:,.0f} a second ({pooled / single:.1f} times) |",
        f"| the same with masks and verdicts | {whole:,.0f} a second |",
        f"| load a model of 6 MB and translate one segment | {loading * 1000:,.0f} ms |",
    ]


def _rate(lines: list[str], work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return len(lines) / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
