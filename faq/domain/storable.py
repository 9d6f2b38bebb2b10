"""What every database can store as text. PostgreSQL takes no NUL, and no encoding takes half of a surrogate pair."""

import re

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with a blank for each character that no database stores; all else stays, as does the length."""
    return UNSTORABLE.sub(" ", text)
