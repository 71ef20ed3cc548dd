"""Memory of the projection: the arrays that answer, the ids beside them, and all that the live service keeps."""

import gc
import sys
import tracemalloc
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from benchmarks.estate import Estate
from benchmarks.outcome import Result
from cmdb.application.projection import project
from cmdb.impact.topology import Topology
from cmdb.ports.graph import GraphDelta


def measure_footprint(estate: Estate) -> Result:
    """Return bytes a CI: of the arrays, of keys, names and their index, and retained by a whole live projection."""
    delta = GraphDelta(1, estate.item_columns(), estate.dependency_columns())
    gc.collect()
    tracemalloc.start()
    projection = project(delta)
    gc.collect()
    retained = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    size = len(estate)
    return {
        "cis": size,
        "dependencies_per_ci": round(len(estate.consumers) / size, 2),
        "array_bytes_per_ci": round(_array_bytes(projection.topology) / size),
        "id_bytes_per_ci": round(_id_bytes(projection.topology) / size),
        "live_bytes_per_ci": round((retained + _text_bytes(delta)) / size),
    }


def _array_bytes(part: Any) -> int:
    if isinstance(part, np.ndarray):
        return int(part.nbytes)
    if is_dataclass(part):
        return sum(_array_bytes(getattr(part, field.name)) for field in fields(part))
    return 0


def _id_bytes(topology: Topology) -> int:
    """Keys, names, the tuples that hold them and the index from key to number."""
    texts = sum(map(sys.getsizeof, topology.keys)) + sum(map(sys.getsizeof, topology.names))
    numbers = sum(map(sys.getsizeof, topology.index.values())) if isinstance(topology.index, dict) else 0
    holders = (topology.keys, topology.names, topology.classes, topology.index)
    return texts + numbers + sum(map(sys.getsizeof, holders))


def _text_bytes(delta: GraphDelta) -> int:
    """The texts were made before memory was traced, and are kept all the same."""
    return sum(map(sys.getsizeof, delta.items.keys)) + sum(map(sys.getsizeof, delta.items.names))
