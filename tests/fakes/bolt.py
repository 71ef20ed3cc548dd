"""A Bolt driver that answers by a script: what each statement returns or raises, in turn."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

Outcome = Exception | Sequence[dict[str, Any]]


@dataclass
class FakeResult:
    """The rows of one statement."""

    rows: Sequence[dict[str, Any]]

    def __aiter__(self) -> "FakeResult":
        """Iterate once, as the driver does."""
        self._left: Iterator[dict[str, Any]] = iter(self.rows)
        return self

    async def __anext__(self) -> dict[str, Any]:
        """Return the next row."""
        try:
            return next(self._left)
        except StopIteration:
            raise StopAsyncIteration from None

    async def consume(self) -> None:
        """End the statement."""


@dataclass
class FakeDriver:
    """Driver, session and transaction in one: all they do here is to answer."""

    script: list[Outcome]
    asked: list[tuple[str, object]] = field(default_factory=list)
    sessions: list[dict[str, object]] = field(default_factory=list)
    execute_query_bookmark_manager: object = "bookmarks"

    def session(self, **config: object) -> Self:
        """Open a session."""
        self.sessions.append(config)
        return self

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""

    async def run(self, statement: str, parameters: object = None) -> FakeResult:
        """Answer with what comes next."""
        self.asked.append((statement, parameters))
        outcome = self.script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return FakeResult(outcome)

    async def execute_write(self, work: Callable[[Self], Awaitable[Any]]) -> Any:
        """Run the work once: repeating transient errors is the real driver's part."""
        return await work(self)
