"""Files for translators outside: what is to be translated out as XLIFF or PO, and their work back in."""

from faq.domain.translators.incoming import (
    ENDINGS,
    Plan,
    Planned,
    check_file,
    import_file,
    keep,
    perform,
    plan_import,
    plan_kept,
)
from faq.domain.translators.outgoing import Standing, export_file, outstanding, sentences, standings

__all__ = [
    "ENDINGS",
    "Plan",
    "Planned",
    "Standing",
    "check_file",
    "export_file",
    "import_file",
    "keep",
    "outstanding",
    "perform",
    "plan_import",
    "plan_kept",
    "sentences",
    "standings",
]
