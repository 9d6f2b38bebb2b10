"""The glossary: what a term is called in a language, what it must not be called, and what is never translated.

A term counts from the next translation on; what is translated already stays until it is translated again.
"""

from django.db import transaction
from django.forms.models import model_to_dict

from faq.domain import access, audit
from faq.enums import TermKind
from faq.errors import Invalid
from faq.models import GlossaryTerm


def check_term(term: GlossaryTerm) -> None:
    """Invalid, saying what is missing, for a term that cannot be kept."""
    if not term.term.strip():
        raise Invalid("A glossary entry needs a term.")
    if term.kind == TermKind.KEEP:
        if term.translation.strip():
            raise Invalid("A term that is not translated has no translation: leave it empty, or choose another kind.")
    elif not term.target_locale_id or not term.translation.strip():
        raise Invalid("Give the language and the translation, or choose “do not translate”.")


@access.needs("add_glossaryterm|change_glossaryterm")
def save_term(term: GlossaryTerm, actor: audit.Actor = None) -> GlossaryTerm:
    """Store a term as a person's form left it."""
    term.term, term.translation = term.term.strip(), term.translation.strip()
    check_term(term)
    with transaction.atomic():
        stored = GlossaryTerm.objects.select_for_update(of=("self",)).filter(pk=term.pk).first()
        before, after = _fields(stored) if stored else {}, _fields(term)
        if before != after:
            term.save()
            audit.record(actor, "change" if stored else "add", term, before, after)
    return term


@access.needs("delete_glossaryterm")
def delete_term(term: GlossaryTerm, actor: audit.Actor = None) -> None:
    """The term is translated like any other word from now on."""
    with transaction.atomic():
        audit.record(actor, "delete", term, _fields(term))
        term.delete()


def _fields(term: GlossaryTerm) -> dict[str, object]:
    return {name: value for name, value in model_to_dict(term).items() if name != "id"}
