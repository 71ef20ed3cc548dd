"""Collects what is wrong with an input, so that one refusal names many places."""

from dataclasses import dataclass

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Faulty

FAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where, what was found and what was expected."""

    code: ErrorCode
    place: Place
    message: str

    def __str__(self) -> str:
        """Read as `place: message`."""
        return f"{self.place}: {self.message}"


class Faults:
    """The first twenty faults of one input; or each is told to `faulty` as it comes, and none is raised."""

    def __init__(self, faulty: Faulty | None = None) -> None:
        """Start without a fault."""
        self._found: list[Fault] = []
        self._faulty = faulty

    def add(self, fault: Fault) -> None:
        """Keep the fault; raise InvalidInput when the limit is reached."""
        if self._faulty is not None:
            told = InvalidInput(fault.code, fault.message, hint="It was left out.", place=fault.place)
            self._faulty(told)
            return
        self._found.append(fault)
        if len(self._found) >= FAULT_LIMIT:
            self.settle()

    def settle(self) -> None:
        """Raise one InvalidInput that carries the first fault's code and place and lists all, or do nothing."""
        if not self._found:
            return
        first = self._found[0]
        if len(self._found) == 1:
            message = first.message
        else:
            more = "at least " if len(self._found) >= FAULT_LIMIT else ""
            lines = "\n".join(f"  {fault}" for fault in self._found)
            message = f"{more}{len(self._found)} faults:\n{lines}\n"
        raise InvalidInput(
            first.code,
            message,
            hint="Nothing was taken; correct the input and send it again.",
            place=first.place,
        )
