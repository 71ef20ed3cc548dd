"""Folds of sightings: any order, same CI; the best source that still sees it wins."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.merging import assertions, fold_dependencies, fold_item, recorded_sighting
from cmdb.metamodel import read_metamodel
from cmdb.model.provenance import DependencySighting, Evidence, Sighting
from cmdb.model.records import Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Strength
from cmdb.resources import folder
from tests.support.moments import NOON

METAMODEL = read_metamodel(folder("schema"))
SOURCES = ("records", "netbox", "kubernetes", "ansible", "nmap", "prometheus", "unheard")
TRIPLE = ("a", "DEPENDS_ON", "b")

ITEMS = st.lists(
    st.builds(
        Sighting,
        source=st.sampled_from(SOURCES),
        scope=st.just("s"),
        key=st.sampled_from("xyz"),
        ci_class=st.sampled_from(["server", "hypervisor", "virtual_machine"]),
        name=st.sampled_from(["n", "m"]),
        rule=st.just("fqdn"),
        description=st.sampled_from(["", "text"]),
        attributes=st.dictionaries(
            st.sampled_from(["os", "fqdn", "role", "serial_number"]), st.sampled_from(["1", "2", "3"])
        ),
        groups=st.lists(
            st.builds(RedundancyGroup, name=st.sampled_from("gh"), need_up=st.integers(1, 2)),
            max_size=2,
            unique_by=lambda g: g.name,
        ).map(tuple),
        mention=st.booleans(),
        weak=st.booleans(),
        retired=st.booleans(),
        missed_since=st.none() | st.just(NOON),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row.source, row.key),
)
EDGES = st.lists(
    st.builds(
        DependencySighting,
        source=st.sampled_from(SOURCES),
        scope=st.just("s"),
        evidence=st.sampled_from(Evidence),
        confidence=st.integers(0, 100),
        strength=st.none() | st.sampled_from(Strength),
        weight=st.integers(1, 3),
        group=st.none() | st.sampled_from("gh"),
        note=st.sampled_from(["", "why"]),
        missed_since=st.none() | st.just(NOON),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row.source, row.group),
)


def says(source: str, **attributes: str) -> Sighting:
    return Sighting(
        source=source, scope="s", key="k", ci_class="server", name=source, rule="fqdn", attributes=attributes
    )


def edge(
    source: str, evidence: Evidence, confidence: int = 100, strength: Strength | None = None
) -> DependencySighting:
    return DependencySighting(
        source=source, scope="s", evidence=evidence, confidence=confidence, strength=strength
    )


@given(ITEMS, st.randoms())
def test_the_order_of_sightings_changes_nothing(rows: list[Sighting], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    folded = fold_item("k", rows, METAMODEL)
    assert fold_item("k", shuffled, METAMODEL) == folded
    assert fold_item("k", folded.sightings, METAMODEL) == folded
    assert folded.retired is all(row.retired for row in rows)
    assert folded.attributes.keys() <= METAMODEL.classes[folded.ci_class].attributes.keys()


@given(ITEMS)
def test_each_value_is_one_that_some_source_says_and_provenance_names_it(rows: list[Sighting]) -> None:
    folded = fold_item("k", rows, METAMODEL)
    winners = {row.attribute: row for row in assertions(rows, METAMODEL) if row.wins}
    assert {name: row.value for name, row in winners.items()} == folded.attributes
    said = {(row.source, row.key, name, value) for row in rows for name, value in row.attributes.items()}
    assert {(row.source, row.key, row.attribute, row.value) for row in winners.values()} <= said


@given(EDGES, st.randoms())
def test_the_order_of_evidence_changes_nothing(rows: list[DependencySighting], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    folded = fold_dependencies(TRIPLE, rows, METAMODEL)
    assert fold_dependencies(TRIPLE, shuffled, METAMODEL) == folded
    assert sum(len(row.sightings) for row in folded) == len(rows)
    assert {row.group for row in folded} == ({row.group for row in rows} - {None} or {None})


def test_the_better_source_wins_unless_it_misses_the_ci_or_another_is_declared_to_know_better() -> None:
    both = [says("nmap", role="scanned", os="guess"), says("netbox", role="planned", os="plan")]
    assert fold_item("k", both, METAMODEL).attributes == {"role": "planned", "os": "plan"}
    stale = [both[0], replace(both[1], missed_since=NOON)]
    assert fold_item("k", stale, METAMODEL).attributes == {"role": "scanned", "os": "guess"}
    expert = [*both, says("ansible", os="Debian")]
    assert fold_item("k", expert, METAMODEL).attributes == {"role": "planned", "os": "Debian"}
    edited = [*expert, says("records", os="by hand")]
    assert fold_item("k", edited, METAMODEL).attributes["os"] == "by hand"


def test_mentions_and_weak_matches_write_nothing_beside_a_description() -> None:
    described = says("nmap", role="web")
    beside = [
        described,
        replace(says("netbox", os="x"), weak=True),
        replace(says("backstage", fqdn="y"), mention=True),
    ]
    folded = fold_item("k", beside, METAMODEL)
    assert (folded.attributes, folded.name, folded.mention) == ({"role": "web"}, "nmap", False)
    assert fold_item("k", beside[1:], METAMODEL).attributes == {"os": "x"}
    placeholder = fold_item("k", beside[2:], METAMODEL)
    assert (placeholder.attributes, placeholder.mention) == ({"fqdn": "y"}, True)


def test_the_closer_class_wins_and_drops_what_it_does_not_have() -> None:
    rows = [
        replace(says("netbox", serial_number="S"), ci_class="virtual_machine"),
        replace(says("ansible", serial_number="S"), ci_class="server"),
    ]
    folded = fold_item("k", rows, METAMODEL)
    assert (folded.ci_class, folded.attributes) == ("virtual_machine", {})
    closer = [replace(says("ansible"), ci_class="hypervisor"), replace(says("netbox"), ci_class="server")]
    assert fold_item("k", closer, METAMODEL).ci_class == "hypervisor"


def test_declared_evidence_outranks_observed_and_the_strongest_of_it_counts() -> None:
    (folded,) = fold_dependencies(
        TRIPLE,
        [
            edge("jaeger", Evidence.OBSERVED, 90, Strength.HARD),
            edge("netbox", Evidence.DECLARED, 50, Strength.TELEMETRY),
        ],
        METAMODEL,
    )
    assert (folded.strength, folded.evidence, folded.confidence) == (
        Strength.TELEMETRY,
        Evidence.DECLARED,
        95,
    )
    (folded,) = fold_dependencies(
        TRIPLE,
        [edge("a", Evidence.DECLARED, strength=Strength.SOFT), edge("b", Evidence.DECLARED)],
        METAMODEL,
    )
    assert folded.strength is Strength.HARD


def test_confidence_is_rounded_down_and_a_source_counts_once() -> None:
    (folded,) = fold_dependencies(
        TRIPLE, [edge("a", Evidence.OBSERVED, 33), edge("b", Evidence.OBSERVED, 33)], METAMODEL
    )
    assert folded.confidence == 55
    twice = [edge("a", Evidence.OBSERVED, 33), replace(edge("a", Evidence.INFERRED, 20), scope="other")]
    assert fold_dependencies(TRIPLE, twice, METAMODEL)[0].confidence == 33


def test_what_was_recorded_directly_is_one_voice() -> None:
    item = Item(
        key="k",
        ci_class="server",
        name="K",
        description="d",
        attributes={"os": "1"},
        groups=(RedundancyGroup(name="g", need_up=1),),
    )
    folded = fold_item("k", [recorded_sighting(item)], METAMODEL)
    assert replace(folded, sightings=()) == item
