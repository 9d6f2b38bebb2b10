"""Inheritable suites, one for each protocol: an implementation is what passes its suite."""
