"""What a row said when somebody looked at it: told in a few letters, so that a form can carry it and a save be refused.

For rows that are written over in place (languages, topics, terms). Sources have `updated_at`, answers and memory units their own.
"""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from faq.errors import Conflict, NotFound

LENGTH = 16


def of(row: Model) -> str:
    """LENGTH hexadecimal digits that differ when any of its fields does."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    told = json.dumps(values, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:LENGTH]


def check(stored: Model | None, expected: str | None) -> None:
    """Conflict when the row is not what it was; NotFound when it is gone. Nothing without `expected`."""
    if not expected:
        return
    if stored is None:
        raise NotFound("Somebody else deleted this meanwhile.")
    if of(stored) != expected:
        raise Conflict("Somebody else saved this meanwhile. Compare the two, then save again.")
