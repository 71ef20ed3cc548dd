"""Reads the declarations under `schema/` into the metamodel."""
