"""Tests of the exported site\x27s pure parts."""
