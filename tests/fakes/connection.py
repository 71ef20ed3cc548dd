"""A connection that answers statements by their text, and keeps what was asked; engines are for the contracts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from cmdb.store.connection import Connection, Row, Transaction

T = TypeVar("T")
Parameters = Mapping[str, Any]
Answer = Sequence[Row] | Callable[[Parameters], Sequence[Row]]


class FakeConnection(Connection):
    """Answers the first part that stands in a statement, else with no rows."""

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, repeated: bool = False) -> None:
        """Tell write transactions that they are `repeated` or not."""
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, Parameters]] = []
        self.transactions = 0
        self._repeated = repeated

    async def read(self, statement: str, /, **parameters: object) -> list[Row]:
        """Answer."""
        return self.answer(statement, parameters)

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run the work once."""
        self.transactions += 1
        return await work(FakeTransaction(self, repeated=self._repeated))

    async def define(self, statement: str) -> None:
        """Take the statement."""
        self.answer(statement, {})

    def answer(self, statement: str, parameters: Parameters) -> list[Row]:
        """Note the question and answer it."""
        self.asked.append((statement, parameters))
        found = next((answer for part, answer in self.answers.items() if part in statement), [])
        return list(found(parameters) if callable(found) else found)

    def given(self, part: str) -> list[Parameters]:
        """Return what the statements with this part were given, in order."""
        return [parameters for statement, parameters in self.asked if part in statement]


class FakeTransaction(Transaction):
    """A transaction of a fake connection."""

    def __init__(self, connection: FakeConnection, *, repeated: bool = False) -> None:
        """Answer as the connection does."""
        self._connection = connection
        self.repeated = repeated

    async def run(self, statement: str, /, **parameters: object) -> list[Row]:
        """Answer."""
        return self._connection.answer(statement, parameters)
