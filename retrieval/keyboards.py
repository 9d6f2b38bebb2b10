"""Which key stands where: texts typed while another keyboard layout was on, and keys beside each other. Pure tables.

A layout is three rows of keys as a standard keyboard has them. What was typed on key n of the layout that was on was
meant as key n of the reader's own: `руддщ` is `hello`, `cvsnnz` is `сміття`.
"""

import functools
from collections.abc import Iterator

from retrieval.text import language

_QWERTY = ("qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")
_ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": tuple(map(tuple, _QWERTY)),
    "de": (tuple("qwertzuiopü+"), tuple("asdfghjklöä"), tuple("yxcvbnm,.-")),
    "fr": (tuple("azertyuiop^$"), tuple("qsdfghjklmù"), tuple("wxcvbn,;:!")),
    "es": (tuple("qwertyuiop`+"), tuple("asdfghjklñ´"), tuple("zxcvbnm,.-")),
    "tr": (tuple("qwertyuıopğü"), tuple("asdfghjklşi"), tuple("zxcvbnmöç.")),
    "uk": (tuple("йцукенгшщзхї"), tuple("фівапролджє"), tuple("ячсмитьбю.")),
    "ru": (tuple("йцукенгшщзхъ"), tuple("фывапролджэ"), tuple("ячсмитьбю.")),
    "el": (tuple(";ςερτυθιοπ[]"), tuple("ασδφγηξκλ΄'"), tuple("ζχψωβνμ,./")),
    "ar": (tuple("ضصثقفغعهخحجد"), tuple("شسيبلاتنمكط"), ("ئ", "ء", "ؤ", "ر", "لا", "ى", "ة", "و", "ز", "ظ")),
}
_SHIFTED = str.maketrans('{}:"<>', "[];',.")
"""Marks of the English layout that are letters of others, typed with the shift key."""
_ABROAD = ("en", "uk", "ru", "ar", "el")
"""Layouts that may have been on by mistake, whatever the reader's own is."""
_QUOTES = ("؟", "?", "!", ".", ",", "…")


def layout_of(locale: str) -> str:
    """The layout that readers of a language type on: its own, else the English one (Polish, Dutch, Chinese)."""
    code = language(locale)
    return code if code in _ROWS else "en"


def retyped(text: str, locale: str) -> Iterator[str]:
    """What a text may have been meant as, other layouts tried in order of likelihood; nothing where none fits.

    A mark at the end that is a letter on the reader's own layout is tried as a mark too (`vecjh.`).
    """
    own = layout_of(locale)
    lowered = text.lower()
    seen = {lowered}
    for pair in _pairs(own):
        for bare, mark in _endings(lowered):
            found = converted(bare, *pair)
            if found is not None and found + mark not in seen:
                seen.add(found + mark)
                yield found + mark


def neighbours(locale: str) -> frozenset[tuple[str, str]]:
    """Pairs of letters whose keys touch, both ways round."""
    return _touching(layout_of(locale))


def _pairs(own: str) -> list[tuple[str, str]]:
    found = [(other, own) for other in _ABROAD if other != own]
    # Keyboards of one script that differ in a few keys: z and y, a and q.
    return [*found, (own, "en")] if own in {"de", "fr", "tr"} else found


def _endings(text: str) -> list[tuple[str, str]]:
    bare = text.rstrip("".join(_QUOTES))
    return [(text, "")] if bare == text else [(bare, text[len(bare) :]), (text, "")]


@functools.lru_cache(maxsize=32)
def _table(on: str, meant: str) -> dict[str, str]:
    keys = [key for row in _ROWS[on] for key in row]
    others = [key for row in _ROWS[meant] for key in row]
    return dict(zip(keys, others, strict=True))


def converted(text: str, on: str, meant: str) -> str | None:
    """None when the text holds a letter that the layout has no key for, or no letter changes."""
    table = _table(on, meant)
    typed = text.translate(_SHIFTED) if on == "en" else text
    out: list[str] = []
    at = 0
    while at < len(typed):
        pair = typed[at : at + 2]
        piece = pair if len(pair) == 2 and pair in table else typed[at]
        if piece not in table and piece.isalpha():
            return None
        out.append(table.get(piece, piece))
        at += len(piece)
    found = "".join(out)
    return found if found != text else None


@functools.lru_cache(maxsize=16)
def _touching(name: str) -> frozenset[tuple[str, str]]:
    places = {
        key: (row, column + row * 0.4)
        for row, keys in enumerate(_ROWS[name])
        for column, key in enumerate(keys)
        if key.isalpha()
    }
    return frozenset(
        (one, other)
        for one, (row, column) in places.items()
        for other, (other_row, other_column) in places.items()
        if one != other and abs(row - other_row) <= 1 and abs(column - other_column) <= 1.0
    )
