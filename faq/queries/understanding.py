"""How a question was meant: in which language it is asked, and what its typing errors stand for.

A text typed with another keyboard layout on looks like another language (`руддщ` on an English page), so layouts are
tried before languages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faq.gateways import retrieval
from faq.queries import locales
from retrieval.types import Correction


@dataclass(frozen=True, slots=True)
class Understood:
    """`text`: as typed; `locale`: of the question, which may not be the page's."""

    text: str
    locale: str
    correction: Correction | None = None

    @property
    def meant(self) -> str:
        """The text without its typing errors."""
        return self.correction.text if self.correction else self.text

    @property
    def corrected(self) -> str:
        """What it was taken for; "" where it was taken as typed."""
        return self.correction.text if self.correction else ""


def understood(text: str, tag: str, *, as_typed: bool = False, among: Sequence[str] = ()) -> Understood:
    """A question on a page of the locale `tag`. `as_typed`: the reader has refused a correction; `among`: the locales it
    may be in, the enabled ones. Raises Unavailable."""
    if as_typed:
        return Understood(text, locales.of_question(text, tag, among))
    with retrieval.mapped():
        retriever = retrieval.retriever()
        retyped = retriever.retyped(text, tag)
        if retyped is not None:
            return Understood(text, tag, retyped)
        locale = locales.of_question(text, tag, among)
        respelt = retriever.respelt(text, tag)
        if locale == tag:
            return Understood(text, tag, respelt)
        # A typing error may look like a word of another language: unless our texts in that language hold it, it is one.
        if respelt and not retriever.holds(text, locale) and locales.of_question(respelt.text, tag, among) == tag:
            return Understood(text, tag, respelt)
        return Understood(text, locale, retriever.respelt(text, locale))
