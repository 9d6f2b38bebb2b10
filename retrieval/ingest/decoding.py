"""Bytes -> text when nobody says reliably which encoding it is; and telling text from something else.

Order of belief: byte order mark, what the transport or the page declares, UTF-8, UTF-16 without a mark, the legacy
encodings of the source's language, what charset-normalizer finds. A wrong guess shows at once as wrong letters, so the
decoder prefers to refuse what does not look like text.
"""

import codecs
import re
import unicodedata
from collections import Counter

import charset_normalizer

from retrieval.ingest.builder import Input, refusal
from retrieval.types import InvalidInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BY_LANGUAGE = {
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "sr"), ("cp1251", "koi8-u")),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "ro"), ("cp1250", "iso8859-2")),
    **dict.fromkeys(("de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "no", "nb", "en", "id"), ("cp1252",)),
    **dict.fromkeys(("et", "lv", "lt"), ("cp1257",)),
    "tr": ("cp1254",),
    "el": ("cp1253",),
    "he": ("cp1255",),
    "ar": ("cp1256",),
    "fa": ("cp1256",),
    "vi": ("cp1258",),
    "th": ("cp874",),
    "ja": ("cp932", "euc_jp", "iso2022_jp"),
    "ko": ("cp949",),
    "zh": ("gb18030", "big5"),
}
_SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "sr"), "CYRILLIC"),
    "el": "GREEK",
    "he": "HEBREW",
    "ar": "ARABIC",
    "fa": "ARABIC",
    "th": "THAI",
    "ko": "HANGUL",
    "zh": "CJK",
}
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_u", "cp932", "euc_jp",
    "gb18030", "big5", "cp949", "cp874", "utf_16_le", "utf_16_be",
]  # fmt: skip
_SIGNATURES = (
    (b"%PDF-", "a PDF", ".pdf"),
    (b"PK\x03\x04", "a ZIP or Office file", ".docx or .xlsx"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Office file", ""),
    (b"\x89PNG", "a PNG picture", ""),
    (b"GIF8", "a GIF picture", ""),
    (b"\xff\xd8\xff", "a JPEG picture", ""),
    (b"\x7fELF", "a program", ""),
    (b"MZ\x90", "a program", ""),
    (b"\x1f\x8b", "a gzip archive", ""),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", ""),
    (b"Rar!", "a RAR archive", ""),
    (b"SQLite format 3\x00", "a database", ""),
    (b"{\\rtf", "a Rich Text file", ""),
)
_SAMPLE = 200_000


def decode(given: Input, declared: str = "") -> str:
    """Text of the data; InvalidInput for what is no text. `declared`: the page's own word, if the server said nothing."""
    data, filename, locale = given.data, given.filename, given.locale
    _refuse_other_formats(data, filename)
    if len(data) > 4 * given.max_characters:
        raise refusal(filename, f"it holds more than {given.max_characters:,} characters. Split it into several files.")
    text = _marked(data, filename) or _declared(data, given.declared or declared) or _utf8(data) or _wide(data)
    if text is None:
        if b"\x00" in data[:_SAMPLE]:
            raise _binary(filename)
        text = _of_language(data, locale.split("-")[0].lower()) or _guessed(data, filename)
    if not _looks_like_text(text):
        raise _binary(filename)
    return text.removeprefix("\ufeff")


def _refuse_other_formats(data: bytes, filename: str) -> None:
    for signature, name, ending in _SIGNATURES:
        if data.startswith(signature):
            advice = f"Give it the ending {ending}." if ending else "Save it as text, DOCX or PDF."
            raise refusal(filename, f"this is not text but {name}. {advice}")


def _binary(filename: str) -> InvalidInput:
    return refusal(
        filename, "this is not text but binary data. Save it as text (UTF-8), DOCX or PDF and add that file."
    )


def _marked(data: bytes, filename: str) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise refusal(
                    filename, f"it starts as {encoding.removesuffix('-sig')} but is broken. Save it again as UTF-8."
                ) from error
    return None


def _declared(data: bytes, declared: str) -> str | None:
    if not declared or b"\x00" in data[:_SAMPLE]:
        return None
    try:
        encoding = codecs.lookup(declared.strip().lower()).name
        # The web's rule: what calls itself Latin-1 is cp1252.
        return data.decode({"iso8859-1": "cp1252", "ascii": "utf-8", "shift_jis": "cp932"}.get(encoding, encoding))
    except (LookupError, UnicodeDecodeError, ValueError, AssertionError):
        return None


def _utf8(data: bytes) -> str | None:
    if b"\x1b$" in data[:_SAMPLE]:  # ISO-2022-JP is made of ASCII bytes and escapes
        try:
            return data.decode("iso2022_jp")
        except UnicodeDecodeError:
            return None
    if data.count(b"\x00", 0, _SAMPLE) > max(
        1, 0.01 * min(len(data), _SAMPLE)
    ):  # UTF-16 of ASCII letters would pass, too
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: in most texts, every other byte is zero (or the pairs decode to letters and spaces)."""
    if len(data) % 2 or b"\x00" not in data[:_SAMPLE]:
        return None
    even, odd = data[0:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
    if even == odd:
        return None
    try:
        text = data.decode("utf-16-be" if even > odd else "utf-16-le")
    except UnicodeDecodeError:
        return None
    return text if _looks_like_text(text) and "\x00" not in text[:_SAMPLE] else None


def _of_language(data: bytes, language: str) -> str | None:
    for encoding in _BY_LANGUAGE.get(language, ()):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _looks_like_text(text) and _plausible(text, language):
            return text
    return None


def _plausible(text: str, language: str) -> bool:
    """The letters beyond ASCII are of the language's script; and words do not mix cases as wrong decodings do."""
    letters = [character for character in text[:20_000] if ord(character) > 127 and character.isalpha()]
    if not letters:
        return True
    script = _SCRIPTS.get(language, "LATIN" if language != "ja" else "")
    if script:
        named = sum(unicodedata.name(character, "").startswith(script) for character in letters)
        if named < 0.9 * len(letters):
            return False
    # EUC-JP read as Shift JIS is a run of half-width kana, which nobody writes for long.
    if sum("\uff61" <= character <= "\uff9f" for character in letters) > 0.3 * len(letters):
        return False
    # KOI8 read as Windows-1251 (and the other way) is Cyrillic, but with capitals and small letters exchanged.
    if len(letters) >= 10 and sum(character.isupper() for character in letters) > 0.6 * len(letters):
        return False
    swapped = len(re.findall(r"[^\W\d_a-zA-Z](?<=[a-zà-öø-ÿа-яα-ω])[A-ZÀ-ÞА-ЯΑ-Ω]", text[:20_000]))
    return swapped <= 0.05 * len(letters) + 1


def _guessed(data: bytes, filename: str) -> str:
    found = charset_normalizer.from_bytes(data[:_SAMPLE], cp_isolation=_CANDIDATES, enable_fallback=False).best()
    if found is None:
        raise refusal(filename, "its encoding could not be recognised. Save it as UTF-8 and add it again.")
    return data.decode(found.encoding, errors="replace")


def _looks_like_text(text: str) -> bool:
    """Almost no control characters, unassigned or private code points in the first part."""
    sample = text[:20_000]
    if not sample:
        return True
    odd = sum(
        times
        for character, times in Counter(sample).items()
        if character not in "\t\n\r\f\x0b\x1a" and unicodedata.category(character) in _ODD
    )
    return odd <= 0.02 * len(sample) + (2 if len(sample) > 40 else 0)


_ODD = frozenset({"Cc", "Cn", "Co", "Cs"})
