"""Where the figures in README and docs/reference/performance.md come from: `make bench`."""
