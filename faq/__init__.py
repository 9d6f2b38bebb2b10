"""The one Django app. Imports go down the list of layers in docs/explanation/architecture.md only."""

__version__ = "0.1.0"
