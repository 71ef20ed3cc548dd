"""In which order records are written."""

import random

from cmdb.application.writing_order import kind_of, writing_order
from cmdb.model.kinds import RecordKind
from cmdb.model.records import EntryRecord
from tests.support.small_estate import ESTATE, item, needs, raised


def test_whatever_joins_things_comes_after_them() -> None:
    mixed = random.Random(7).sample(ESTATE, len(ESTATE))
    kinds = [kind_of(entry) for entry in sorted(mixed, key=writing_order)]
    assert kinds == sorted(kinds, key=kinds.index)
    turns = list(dict.fromkeys(kinds))
    assert turns.index(RecordKind.ITEM) < turns.index(RecordKind.DEPENDENCY)
    assert turns.index(RecordKind.PARTY) < turns.index(RecordKind.ASSIGNMENT)


def test_the_dependencies_of_a_consumer_and_records_of_one_key_stand_together() -> None:
    edges = [needs("b", "x"), needs("a", "y"), needs("b", "w"), needs("a", "x"), needs("b", "x")]
    told = [(edge.consumer, edge.provider) for edge in sorted(edges, key=writing_order)]
    assert told == [("a", "x"), ("a", "y"), ("b", "w"), ("b", "x"), ("b", "x")]


def test_steps_of_events_keep_their_order_and_come_after_their_cis() -> None:
    steps = [raised("b"), raised("a"), raised("c")]
    mixed: list[EntryRecord] = [*steps, item("z", "server")]
    assert sorted(mixed, key=writing_order)[1:] == steps
    assert kind_of(steps[0]) is RecordKind.EVENT
