"""Reads `schema/` into checked declarations."""
