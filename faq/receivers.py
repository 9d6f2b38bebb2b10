"""Listens to domain signals; see connect()."""


def connect() -> None:
    """Connect every receiver once."""
