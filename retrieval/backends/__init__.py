"""Where entries are stored and searched. `base` has the protocol; `embedded` is the default."""
