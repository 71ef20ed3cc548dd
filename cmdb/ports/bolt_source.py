"""Reading another graph: what loaders ask for and the store implements, which alone speaks Bolt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Access:
    """How to get into a source: a token or password, and the user where it has one. Nothing of it is ever shown."""

    token: str = field(default="", repr=False)
    user: str = ""


class BoltSource(Protocol):
    """Reads rows from a graph that is not ours."""

    def rows(self, address: str, access: Access, statement: str) -> Iterator[Mapping[str, object]]:
        """Yield each row as plain JSON values, one at a time; StoreError if it cannot be reached or read."""
