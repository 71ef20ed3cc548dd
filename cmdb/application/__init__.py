"""Use cases over ports; the one holder of the live projection."""
