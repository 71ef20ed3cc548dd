"""A cut at a revision, while others write on: what held then and what had been superseded by then."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.model.kinds import RecordKind
from cmdb.store.cut import SLICE, VERSION, Entry, read_cut
from cmdb.store.shape import ITEM_LABEL, LABELS
from tests.fakes.connection import FakeConnection, Parameters

Held = dict[str, Any]


@dataclass
class History:
    """The states of some records, each as the revision that wrote it; a store is filled with what holds last."""

    states: dict[str, list[Held]] = field(default_factory=dict)

    def write(self, key: str, revision: int, **content: object) -> None:
        self.states.setdefault(key, []).append(
            {"key": key, "recorded_in": revision, "revision": revision, **content}
        )

    def present(self) -> dict[str, Held]:
        return {key: states[-1] for key, states in self.states.items()}

    def versions(self) -> list[Held]:
        """Return the superseded states as the store archives them."""
        return [
            {
                "record_key": key,
                "record_kind": "item",
                "revision": old["recorded_in"],
                "superseded_by": new["recorded_in"],
                "body": json.dumps(old),
            }
            for key, states in self.states.items()
            for old, new in itertools.pairwise(states)
        ]

    def connection(self, label: str = ITEM_LABEL) -> FakeConnection:
        present, past = self.present(), self.versions()

        def states(asked: Parameters) -> list[Held]:
            return [{"rows": [present[key] for key in asked["keys"]]}]

        def archived(asked: Parameters) -> list[Held]:
            rows = [v for v in past if v["record_key"] in asked["keys"] and v["revision"] <= asked["last"]]
            return [{"rows": rows if asked["kind"] == "item" else []}]

        return FakeConnection(
            {
                f"MATCH (n:{label}) RETURN": [{"rows": list(present)[::-1]}],
                f"MATCH (n:{label} {{key: key}})": states,
                "MATCH (v:Version": archived,
                "MATCH": [{"rows": []}],
            }
        )


async def cut(connection: FakeConnection, revision: int) -> list[Entry]:
    return [entry async for part in read_cut(connection, revision) for entry in part]


HISTORIES = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 9)), min_size=1, max_size=12)


@settings(max_examples=60)
@given(HISTORIES, st.integers(0, 13))
async def test_every_record_is_as_the_revision_left_it_whatever_was_written_since(
    writes: list[tuple[str, int]], revision: int
) -> None:
    history = History()
    for number, (key, name) in enumerate(writes, start=1):
        history.write(key, number, name=name)
    found = await cut(history.connection(), revision)
    records = {str(entry.held["key"]): entry.held for entry in found if entry.kind == "item"}
    versions = [entry.held for entry in found if entry.kind == VERSION]
    by_then = {
        key: [state for state in states if state["recorded_in"] <= revision]
        for key, states in history.states.items()
    }
    assert records == {key: states[-1] for key, states in by_then.items() if states}
    superseded = [json.loads(str(version["body"])) for version in versions]
    assert superseded == [state for key in sorted(by_then) for state in by_then[key][:-1]]


async def test_a_stamp_that_a_record_got_from_what_it_owns_is_left_out() -> None:
    history = History()
    history.write("a", 3, name="x")
    history.states["a"][0]["revision"] = 9
    (entry,) = await cut(history.connection(), 5)
    assert entry == Entry("item", {"key": "a", "recorded_in": 3, "revision": 3, "name": "x"})


async def test_keys_come_in_order_in_bounded_slices() -> None:
    history = History()
    for number in range(SLICE + 1):
        history.write(f"k{number:05d}", 1)
    connection = history.connection()
    found = await cut(connection, 1)
    assert [entry.held["key"] for entry in found] == sorted(history.states)
    sizes = [len(asked["keys"]) for asked in connection.given(f"MATCH (n:{ITEM_LABEL} {{key: key}})")]
    assert sizes == [SLICE, 1]


async def test_nodes_come_before_relationships_and_each_kind_is_read() -> None:
    def edges(asked: Parameters) -> list[Held]:
        rows = [
            {"key": "a|DEPENDS_ON|b|", "consumer": "a", "recorded_in": 1},
            {"key": "a|CALLS|b|", "consumer": "a", "recorded_in": 1},
        ]
        return [{"rows": rows if "a" in asked["keys"] else []}]

    history = History()
    history.write("a", 1)
    connection = history.connection()
    connection.answers = {f"MATCH (:{ITEM_LABEL} {{key: key}})-[r]": edges, **connection.answers}
    found = await cut(connection, 1)
    assert [(entry.kind, entry.held["key"]) for entry in found] == [
        ("item", "a"),
        ("dependency", "a|CALLS|b|"),
        ("dependency", "a|DEPENDS_ON|b|"),
    ]
    for label in LABELS.values():
        assert connection.given(f"MATCH (n:{label}) RETURN")
    assert {asked["kind"] for asked in connection.given("Version")} >= {RecordKind.DEPENDENCY.value, "item"}
