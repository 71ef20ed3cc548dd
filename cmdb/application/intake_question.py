"""Finds the service that a caller means, and what can explain their words."""

from collections.abc import Mapping

from cmdb.application.cause_question import probable_causes
from cmdb.application.change_question import suspect_changes
from cmdb.application.lookup import missing, shown_tickets
from cmdb.application.requests import IntakeRequest
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.application.symptoms import Symptoms
from cmdb.desk.words import overlap, tokens
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.answers import IntakeAnswer, IntakeCandidate, Term
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Item
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordReader

WEIGHTS = {"words": 0.55, "subscription": 0.30, "trouble": 0.15}
CAUSES = 3


class IntakeQuestion:
    """The use case behind `symptom_intake`."""

    def __init__(self, reader: RecordReader) -> None:
        """Other names of a caller's services are read from the store."""
        self._reader = reader

    async def answer(self, snapshot: Snapshot, principal: Principal, request: IntakeRequest) -> IntakeAnswer:
        """Rank services by the caller's words, subscriptions and present trouble; words alone may also decide."""
        aliases = await self._aliases(snapshot, principal, request.caller)
        return answer_intake(snapshot, principal, request, aliases)

    async def _aliases(
        self, snapshot: Snapshot, principal: Principal, caller: str | None
    ) -> Mapping[str, str]:
        keys = [key for key, parties in snapshot.subscribers.items() if caller in parties]
        seen = [key for key in sorted(keys) if snapshot.sees(principal, key)]
        stored = await self._reader.records(principal, RecordKind.ITEM, seen) if seen else []
        items = [row.record for row in stored if isinstance(row.record, Item)]
        return {item.key: _other_names(item) for item in items}


def _other_names(item: Item) -> str:
    aliases = item.attributes.get("aliases", ())
    return " ".join(aliases) if isinstance(aliases, tuple) else ""


def answer_intake(
    snapshot: Snapshot, principal: Principal, request: IntakeRequest, aliases: Mapping[str, str]
) -> IntakeAnswer:
    """Rank the visible services; `aliases` holds other names by key."""
    words = tokens(request.words)
    if not words:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            "The words say nothing to search by.",
            hint="Repeat what the caller said, in words.",
        )
    if request.caller is not None and request.caller not in snapshot.parties:
        raise missing("party", request.caller)
    mask = snapshot.mask(principal)
    scored = [
        (sum(term.weight * term.value for term in terms), place, terms)
        for place in _services(snapshot, mask)
        if (terms := _terms(snapshot, place, words, request.caller, aliases))[0].value > 0
        or terms[1].value > 0
    ]
    scored.sort(key=lambda row: (-row[0], snapshot.topology.keys[row[1]]))
    return IntakeAnswer(
        basis=snapshot.basis,
        words=request.words,
        caller=snapshot.parties.get(request.caller) if request.caller else None,
        candidates=tuple(_candidate(snapshot, mask, row) for row in scored[: request.first]),
    )


def _services(snapshot: Snapshot, mask: Mask | None) -> list[int]:
    wanted = snapshot.is_service if mask is None else snapshot.is_service & mask
    places: list[int] = wanted.nonzero()[0].tolist()
    return places


def _terms(
    snapshot: Snapshot, place: int, words: frozenset[str], caller: str | None, aliases: Mapping[str, str]
) -> tuple[Term, ...]:
    key, name = snapshot.topology.keys[place], snapshot.topology.names[place]
    said = max(overlap(words, name), overlap(words, aliases.get(key, "")))
    subscribed = caller is not None and caller in snapshot.subscribers.get(key, ())
    trouble = int(snapshot.effective[place]) / int(Severity.CRITICAL)
    state = Severity(int(snapshot.effective[place]))
    return (
        _term("words", said, f"{said:.0%} of one of its names was said"),
        _term(
            "subscription",
            float(subscribed),
            "the caller subscribes to it" if subscribed else "no subscription",
        ),
        _term("trouble", trouble, f"it is {state} now"),
    )


def _term(name: str, value: float, reason: str) -> Term:
    return Term(name=name, weight=WEIGHTS[name], value=round(value, 4), reason=reason)


def _candidate(
    snapshot: Snapshot, mask: Mask | None, row: tuple[float, int, tuple[Term, ...]]
) -> IntakeCandidate:
    score, place, terms = row
    symptoms = Symptoms(snapshot, place)
    causes = probable_causes(snapshot, mask, symptoms, suspect_changes(snapshot, mask, symptoms))
    ref = snapshot.ref(place, mask)
    return IntakeCandidate(
        service=ref,
        health=snapshot.health(place),
        score=round(score, 4),
        terms=terms,
        causes=tuple(causes[:CAUSES]),
        tickets=shown_tickets(snapshot, mask, snapshot.open_tickets_at.get(ref.key, ())),
    )
