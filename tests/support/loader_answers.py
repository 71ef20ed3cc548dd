"""The loader folders of this checkout."""

from cmdb.ingest.loaders import Loaders
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder


def bundled_loaders() -> Loaders:
    """Return the loader folders of this checkout."""
    return Loaders(folder("loaders"), read_metamodel(folder("schema")))
