"""Texts in, vectors out. Chosen by dotted path; `base` has the protocol."""
