"""Tests of the Django project: settings, environment, what a server process does at its start."""
