"""The vocabulary for typing errors, in the database: all processes share it, whatever backend the index has."""

from collections.abc import Collection, Mapping, Sequence

from faq.models import Word

BATCH = 2000


class DatabaseWords:
    """A retrieval.spelling.WordStore. Its mark is the id of the last word read: ids only grow."""

    def add(self, words: Mapping[str, Collection[str]]) -> None:
        rows = [Word(locale=locale, text=text) for locale, texts in words.items() for text in sorted(texts)]
        Word.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)

    def since(self, locale: str, mark: int) -> tuple[Sequence[str], int]:
        rows = list(Word.objects.filter(locale=locale, pk__gt=mark).order_by("pk").values_list("pk", "text"))
        return [text for _, text in rows], rows[-1][0] if rows else mark
