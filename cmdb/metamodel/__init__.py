"""Reads the declarations under `schema/` into the metamodel."""

from cmdb.metamodel.declarations import read_metamodel

__all__ = ["read_metamodel"]
