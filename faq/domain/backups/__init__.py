"""Backup and restore: the whole portal in one verified archive, whatever database engine it came from or goes to.

`archive` is the file's format, `rows` the database's content in an engine-neutral form, `files` what lies beside it; `making` and
`restoring` put them together.
"""

from faq.domain.backups.making import Made, back_up
from faq.domain.backups.restoring import Restored, restore

__all__ = ["Made", "Restored", "back_up", "restore"]
