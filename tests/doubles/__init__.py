"""Servers that speak the real protocol of a service, for tests: they really do the work, and fail on demand."""
