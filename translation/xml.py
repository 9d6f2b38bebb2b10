"""Reading XML that came from outside: piece by piece, with nothing in it expanded and nothing fetched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from translation.types import TranslationError


def elements(
    path: Path, root: str, ceiling: int, error: type[TranslationError], *, also: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """(`start` or `end`, element) in order, of a file with the root `root` (or one of `also`) and at most `ceiling` bytes.

    Raises `error` for what is too large, has another root, is not well-formed (with the line), or declares entities.
    """
    from defusedxml import ElementTree, common  # type: ignore[import-untyped]

    kind = root.upper()
    try:
        if path.stat().st_size > ceiling:
            size = path.stat().st_size // 1_000_000
            raise error(f"{path.name} has {size} MB; the ceiling is {ceiling // 1_000_000} MB. Split it.")
        with path.open("rb") as file:
            events = ElementTree.iterparse(file, events=("start", "end"))
            event, first = next(events)
            if local_name(first) not in (root, *also):
                raise error(f"{path.name} is no {kind} file: its root is <{first.tag}>, not <{root}>.")
            yield event, first
            yield from events
    except OSError as away:
        raise error(f"{path.name} cannot be read: {away.strerror}.") from away
    except common.DefusedXmlException as hostile:
        raise error(
            f"{path.name} declares entities, which are not accepted. Export it again without them."
        ) from hostile
    except ElementTree.ParseError as broken:
        line, column = broken.position
        raise error(f"{path.name} is not well-formed XML: line {line}, column {column + 1}: {broken}.") from broken
    except (ValueError, LookupError) as unknown:  # an encoding that Python does not know
        raise error(f"{path.name} is not a {kind} file that can be read: {unknown}.") from unknown


def local_name(element: Any) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
