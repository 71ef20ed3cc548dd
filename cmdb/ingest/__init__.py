"""Turns what sources send into records: decode, map with jq, validate."""
