"""What becomes of dependencies when sources turn out to mean another CI."""

import random
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.merging import fold_dependencies, recorded_dependency
from cmdb.desk.moving import add_standing, move_dependencies
from cmdb.desk.run_steps import DependencyStep, revise_dependencies, steps_by_triple
from cmdb.model.provenance import DependencySighting, Evidence
from cmdb.model.records import Dependency
from cmdb.model.runs import Triple
from tests.support.small_estate import METAMODEL

ENDS = st.sampled_from(["old", "new", "x", "y"])
SOURCES = st.sampled_from(["netbox", "ansible", "lldp"])
ROWS = st.tuples(
    st.tuples(ENDS, st.sampled_from(["DEPENDS_ON", "RUNS_ON"]), ENDS).filter(lambda t: t[0] != t[2]),
    st.builds(
        DependencySighting,
        source=SOURCES,
        scope=st.sampled_from(["", "eu"]),
        evidence=st.sampled_from(Evidence),
        confidence=st.sampled_from([50, 90]),
        group=st.sampled_from([None, "g"]),
    ),
)
Said = list[tuple[Triple, DependencySighting]]
SAID = st.lists(ROWS, max_size=8, unique_by=lambda r: (r[0], r[1].source, r[1].scope, r[1].group))


def says(source: str, group: str | None = None, **fields: object) -> DependencySighting:
    plain = DependencySighting(source=source, scope="s", evidence=Evidence.DECLARED, group=group)
    return replace(plain, **fields)  # type: ignore[arg-type]


def dependencies(said: Iterable[tuple[Triple, DependencySighting]]) -> list[Dependency]:
    """Return the dependencies that the sightings make."""
    found: dict[Triple, list[DependencySighting]] = {}
    for triple, row in said:
        found.setdefault(triple, []).append(row)
    return [made for triple, rows in found.items() for made in fold_dependencies(triple, rows, METAMODEL)]


def moved(said: Said, sources: frozenset[str] | None) -> set[tuple[Triple, DependencySighting]]:
    """Return what is said after everything of `old` went to `new`, as a reviewer's decision carries it out."""
    held = dependencies(said)
    at_old = [row for row in held if "old" in (row.consumer, row.provider)]
    moving = move_dependencies(at_old, "old", "new", sources)
    touched = {step.triple for step in moving}
    standing = [row for row in held if (row.consumer, row.verb, row.provider) in touched]
    after = [row for row in held if (row.consumer, row.verb, row.provider) not in touched]
    for triple, steps in steps_by_triple(add_standing(moving, standing, "old")).items():
        present = [row for row in standing if (row.consumer, row.verb, row.provider) == triple]
        after += [row for row in revise_dependencies(present, steps, METAMODEL) if not row.ended]
    return {((row.consumer, row.verb, row.provider), one) for row in after for one in row.sightings}


def renamed(triple: Triple) -> Triple:
    consumer, verb, provider = ("new" if part == "old" else part for part in triple)
    return consumer, verb, provider


@settings(max_examples=60)
@given(SAID, st.none() | st.frozensets(SOURCES))
def test_what_sources_say_of_the_old_ci_they_say_of_the_new_one_and_all_else_stays(
    said: Said, sources: frozenset[str] | None
) -> None:
    def goes(row: DependencySighting) -> bool:
        return sources is None or row.source in sources

    stays = [(triple, row) for triple, row in said if "old" not in triple or not goes(row)]
    comes = [(renamed(triple), row) for triple, row in said if "old" in triple and goes(row)]
    voices = {(triple, row.source, row.scope, row.group): row for triple, row in stays}
    arrived = [entry for entry in comes if entry[0][0] != entry[0][2]]
    found = moved(said, sources)
    assert set(stays) <= found, "what a feed says of the target already stands"
    wanted = {(triple, row.source, row.scope, row.group) for triple, row in arrived}
    assert {(triple, row.source, row.scope, row.group) for triple, row in found} == voices.keys() | wanted
    assert found <= {*stays, *arrived}


@settings(max_examples=30)
@given(SAID, st.randoms(use_true_random=False))
def test_the_order_of_dependencies_decides_nothing(said: Said, chance: random.Random) -> None:
    held = [row for row in dependencies(said) if "old" in (row.consumer, row.provider)]
    shuffled = list(held)
    chance.shuffle(shuffled)

    def plan(rows: list[Dependency]) -> list[tuple[object, ...]]:
        steps = move_dependencies(rows, "old", "new", None)
        return [(step.triple, step.source, step.scope, frozenset(step.rows)) for step in steps]

    assert plan(shuffled) == plan(held)


def test_a_dependency_between_the_two_ends_with_them() -> None:
    between = dependencies([(("old", "DEPENDS_ON", "new"), says("netbox"))])
    assert move_dependencies(between, "old", "new", None) == [
        DependencyStep(("old", "DEPENDS_ON", "new"), "netbox", "s", ())
    ]


def test_what_was_recorded_directly_moves_as_what_people_say() -> None:
    plain = Dependency(consumer="x", verb="DEPENDS_ON", provider="old", weight=3, note="why")
    gone, came = sorted(move_dependencies([plain], "old", "new", None), key=lambda step: len(step.rows))
    assert (gone.triple, gone.rows) == (("x", "DEPENDS_ON", "old"), ())
    assert (came.triple, came.rows) == (("x", "DEPENDS_ON", "new"), (recorded_dependency(plain),))
    assert move_dependencies([plain], "old", "new", frozenset({"netbox"})) == []


def test_what_the_feed_says_of_the_target_in_the_same_group_counts_before_what_comes() -> None:
    triple = ("x", "DEPENDS_ON", "new")
    coming = [DependencyStep(triple, "netbox", "s", (says("netbox", "g", weight=2), says("netbox", None)))]
    standing = dependencies([(triple, says("netbox", "g", weight=5)), (triple, says("ansible", "h"))])
    (step,) = add_standing(coming, standing, "old")
    assert step.rows == (says("netbox", "g", weight=5), says("netbox", None))
