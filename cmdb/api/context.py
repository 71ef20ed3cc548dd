"""What every resolver has at hand: the caller, the application and what one level fetches in one call."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from cmdb.application.application import Application
from cmdb.application.questions import Questions
from cmdb.desk.service_clocks import service_clocks
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.answers import Basis, CiRef, ItemView
from cmdb.model.records import Change, Event, Party, Ticket
from cmdb.model.service_level import ServiceClock, level_of

Row = TypeVar("Row")
Fetched: TypeAlias = Row | Awaitable[Row | None] | None
FetchByKey = Callable[[Principal, Sequence[str]], Awaitable[list[Row | None]]]


class Batch(Generic[Row]):
    """Collects the keys that one level of a document asks for and fetches them in one call."""

    def __init__(self, fetch: FetchByKey[Row], principal: Principal) -> None:
        """Fetch on behalf of `principal`."""
        self._fetch = fetch
        self._principal = principal
        self._known: dict[str, Row | None] = {}
        self._loader: DataLoader[str, Row | None] | None = None

    def one(self, key: str | None) -> Fetched[Row]:
        """Return the row with this key, at once when it is known; None when it is absent or hidden."""
        if key is None:
            return None
        return self._known[key] if key in self._known else self._ready().load(key)

    async def many(self, keys: Sequence[str]) -> list[Row]:
        """Return the rows with these keys in order, absent and hidden ones left out."""
        found = await self._ready().load_many(keys) if keys else []
        return [row for row in found if row is not None]

    def known(self, key: str) -> Row | None:
        """Return the row with this key if it was fetched and is visible."""
        return self._known.get(key)

    def _ready(self) -> DataLoader[str, Row | None]:
        # Most documents load nothing by key, so the loader is made when first needed.
        if self._loader is None:
            self._loader = DataLoader(load_fn=self._load)
        return self._loader

    async def _load(self, keys: list[str]) -> list[Row | None]:
        rows = await self._fetch(self._principal, keys)
        self._known.update(zip(keys, rows, strict=True))
        return rows


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """An answer that is a list; `asked` repeats the words that it was asked for."""

    basis: Basis
    rows: tuple[Row, ...]
    asked: str = ""


@dataclass(slots=True)
class RequestContext:
    """One request: who asks, whom to ask, and what was fetched already."""

    application: Application
    principal: Principal
    questions: Questions = field(init=False)
    refs: Batch[CiRef] = field(init=False)
    items: Batch[ItemView] = field(init=False)
    events: Batch[Event] = field(init=False)
    changes: Batch[Change] = field(init=False)
    tickets: Batch[Ticket] = field(init=False)
    members: Batch[list[Ticket]] = field(init=False)
    parties: Batch[Party] = field(init=False)
    _moment: tuple[datetime | None, datetime | None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Bind one batch a kind to the caller; questions are of the present until one asks of the past."""
        self.questions = self.application
        self.forget()

    async def enter(self, as_of: datetime | None, known_at: datetime | None) -> None:
        """Bind the whole request to the moment that its first question asks about."""
        moment = (as_of, known_at)
        if self._moment is None:
            self._moment = moment
            self.questions = await self.application.at(as_of, known_at)
            self.forget()
        elif self._moment != moment:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                "Two questions of one document ask about different moments.",
                hint="Give both the same asOf and knownAt, or send two documents.",
            )

    async def clocks(self, ticket: Ticket) -> tuple[ServiceClock, ...]:
        """Return how a ticket's clocks stand at the moment that the document asks about."""
        basis = await self.questions.basis()
        level = level_of(self.questions.metamodel.service_levels, ticket.priority)
        return service_clocks(ticket, level, basis.as_of or basis.computed_at)

    def forget(self) -> None:
        """Drop what was fetched: a mutation has changed it."""
        self.refs = Batch(self.questions.refs, self.principal)
        self.items = Batch(self.questions.items_by_key, self.principal)
        self.events = Batch(self.questions.events_by_key, self.principal)
        self.changes = Batch(self.questions.changes_by_key, self.principal)
        self.tickets = Batch(self.questions.tickets_by_key, self.principal)
        self.members = Batch(self.questions.members, self.principal)
        self.parties = Batch(self.questions.parties_by_key, self.principal)


Info = strawberry.Info[RequestContext, None]
