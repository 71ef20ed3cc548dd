"""Whether the documents of a load are all of their scope, by what the loader's program counts in them.

A program says of a list how many entries there should be and how many it holds; parts of one list add up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cmdb.errors import ErrorCode, InvalidInput, Place

KIND = "coverage"
_SHOWN = 3
"""Lists that the sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What one part says of one list: `of` entries there should be, `got` entries are here."""

    list: str
    of: int
    got: int
    scope: str = ""
    kind: str = KIND


_CLAIM = TypeAdapter(_Claim)


@dataclass(slots=True)
class Completeness:
    """Gathers the claims of a load; without any, the documents may be a part of anything."""

    scope: str = ""
    wanted: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    def add(self, value: Mapping[str, Any], place: Place) -> None:
        """Take what a program says of a document; InvalidInput WRONG_TYPE when it is no claim."""
        try:
            claim = _CLAIM.validate_python(value)
        except ValidationError as error:
            raise InvalidInput(
                ErrorCode.WRONG_TYPE,
                "The program's coverage lacks its list or one of the two numbers.",
                hint="Write it with covers(scope; list; of; got) of the prelude.",
                place=place,
            ) from error
        self.scope = claim.scope or self.scope
        self.wanted[claim.list] = max(self.wanted.get(claim.list, 0), claim.of)
        self.held[claim.list] = self.held.get(claim.list, 0) + claim.got

    @property
    def whole(self) -> bool:
        """Whether every list is there in full."""
        return bool(self.wanted) and not self._lacking()

    def sentence(self) -> str:
        """Tell the person who loads whether absence can mean anything, and why not."""
        scope = f"'{self.scope}'" if self.scope else "their source"
        if self.whole:
            return f"the documents are all of {scope}"
        why = "; ".join(self._lacking()[:_SHOWN]) or "nothing in them says that they are"
        return f"the documents may be a part of {scope}: {why}"

    def _lacking(self) -> list[str]:
        return [
            f"{name}, {self.held[name]} of {number}"
            for name, number in sorted(self.wanted.items())
            if self.held[name] < number
        ]
