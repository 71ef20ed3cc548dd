"""What a run claims: records sorted out, faulty ones set aside with their first problem."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.run_claims import Claims, native_items, read_claims
from cmdb.errors import ErrorCode
from cmdb.model.provenance import Sighting
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    EntryRecord,
    Item,
    Party,
    PartyKind,
    Role,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.runs import Estate, KnownItem
from tests.support.feeds import named, runs_on, seen
from tests.support.small_estate import METAMODEL, raised

POWER = (RedundancyGroup(name="power", need_up=1),)
ANN = Party(key="ann", party_kind=PartyKind.PERSON, name="Ann")


def says(key: str, source: str = "netbox", ci_class: str = "server", **fields: object) -> Sighting:
    plain = Sighting(source=source, scope="s", key=key, ci_class=ci_class, name=key, rule="name")
    return replace(plain, **fields)  # type: ignore[arg-type]


def estate(*items: KnownItem) -> Estate:
    return Estate(items={item.key: item for item in items})


def known(key: str, *sightings: Sighting) -> KnownItem:
    return KnownItem(key=key, ci_class="server", name=key, sightings=sightings)


def claimed(*entries: EntryRecord, held: Estate | None = None, parties: Sequence[str] = ()) -> Claims:
    return read_claims(entries, "netbox", held or Estate(), METAMODEL, parties)


def change(key: str, *targets: str) -> Change:
    return Change(
        key=key, title=key, change_kind=ChangeKind.NORMAL, state=ChangeState.PLANNED, targets=targets
    )


def test_records_are_sorted_by_what_they_speak_of() -> None:
    claims = claimed(
        runs_on("a", "b"),
        seen("a"),
        raised("a"),
        seen("b"),
        ANN,
        Assignment(party="ann", role=Role.OWNS, item="a"),
    )
    assert claims.faulty == {}
    assert list(claims.items) == ["a", "b"]
    assert [row.key for row in claims.dependencies] == ["a|DEPENDS_ON|b|"]
    assert [type(row).__name__ for row in claims.others] == ["EventTransition", "Party", "Assignment"]


def test_a_description_counts_before_a_mention_and_of_mentions_the_fullest() -> None:
    described, brief, full = seen("a", os="x"), named("a"), named("a", role="web")
    assert claimed(described, brief, full).items == {"a": described}
    assert claimed(full, brief, described).items == {"a": described}
    assert claimed(brief, full).items == claimed(full, brief).items == {"a": full}


def test_two_descriptions_that_differ_contradict_each_other_and_equal_ones_do_not() -> None:
    claims = claimed(seen("a"), seen("a"), seen("a", os="x"))
    assert claims.items == {"a": seen("a")}
    assert list(claims.faulty) == [2]
    problem = claims.faulty[2]
    assert (problem.code, problem.field) == (ErrorCode.DUPLICATE_KEY, "key")
    assert "'a'" in problem.message
    assert problem.hint


def test_two_records_of_one_kind_and_key_contradict_each_other_but_steps_of_events_fold() -> None:
    one, other = change("c", "a"), replace(change("c", "a"), title="other")
    claims = claimed(seen("a"), one, one, other, raised("a"), raised("a"), replace(ANN, key="c"))
    assert {index: row.code for index, row in claims.faulty.items()} == {3: ErrorCode.DUPLICATE_KEY}
    assert len(claims.others) == 5


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        (seen("x", "no_such_class"), ErrorCode.UNKNOWN_CLASS, "class"),
        (runs_on("a", "nowhere"), ErrorCode.DANGLING_END, "provider"),
        (runs_on("nowhere", "a"), ErrorCode.DANGLING_END, "consumer"),
        (replace(runs_on("a", "b"), verb="LIKES"), ErrorCode.UNKNOWN_VERB, "verb"),
        (runs_on("a", "b", group="cooling"), ErrorCode.UNKNOWN_GROUP, "group"),
        (change("c", "nowhere"), ErrorCode.DANGLING_END, "targets"),
        (Assignment(party="bob", role=Role.OWNS, item="a"), ErrorCode.DANGLING_END, "party"),
    ],
    ids=lambda case: getattr(case, "key", ""),
)
def test_a_faulty_record_is_set_aside_with_its_problem_and_the_others_stand(
    entry: EntryRecord, code: ErrorCode, field: str
) -> None:
    claims = claimed(replace(seen("a"), groups=POWER), entry, seen("b"), runs_on("a", "b", group="power"))
    assert {index: (row.code, row.field) for index, row in claims.faulty.items()} == {1: (code, field)}
    assert claims.faulty[1].hint
    assert (list(claims.items), len(claims.dependencies), claims.others) == (["a", "b"], 1, [])


def test_a_party_may_come_with_the_run_or_be_there_and_an_assignment_may_always_end() -> None:
    owns = Assignment(party="ann", role=Role.OWNS, item="a")
    assert list(claimed(seen("a"), owns).faulty) == [1]
    assert claimed(seen("a"), owns, ANN).faulty == {}
    assert claimed(seen("a"), owns, parties=["ann"]).faulty == {}
    assert claimed(seen("a"), replace(owns, ended=True)).faulty == {}


def test_a_reference_may_mean_what_this_source_has_seen_before_but_not_what_another_calls_so() -> None:
    held = estate(
        known("x", says("a")), known("b", says("other", source="ansible"), says("b", source="ansible"))
    )
    assert claimed(seen("h"), runs_on("h", "a"), held=held).faulty == {}
    assert list(claimed(seen("h"), runs_on("h", "b"), held=held).faulty) == [1]
    assert set(native_items("netbox", held)) == {"a"}
    assert set(native_items("ansible", held)) == {"other", "b"}


def test_a_group_may_have_been_declared_before_unless_the_run_describes_its_consumer_anew() -> None:
    held = estate(known("x", says("a", groups=POWER)))
    wanted = runs_on("a", "b", group="power")
    assert claimed(seen("b"), wanted, held=held).faulty == {}
    assert claimed(named("a"), seen("b"), wanted, held=held).faulty == {}
    faulty = claimed(seen("a"), seen("b"), wanted, held=held).faulty
    assert [row.code for row in faulty.values()] == [ErrorCode.UNKNOWN_GROUP]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"weight": 10**9}, ErrorCode.TOO_LARGE),
        ({"group": "cooling"}, ErrorCode.UNKNOWN_GROUP),
        ({"consumer": "site"}, ErrorCode.VERB_ENDS),
    ],
)
def test_a_sound_dependency_does_not_vouch_for_a_faulty_one_of_its_verb(
    wrong: dict[str, object], code: ErrorCode
) -> None:
    """Of many that join the same classes one is looked at in full; what differs is looked at all the same."""
    good = replace(runs_on("a", "b"), verb="CALLS")
    ends = [seen("a", "application"), seen("b", "application"), seen("site", "site")]
    claims = claimed(*ends, good, good, replace(good, **wrong))  # type: ignore[arg-type]
    assert {index: row.code for index, row in claims.faulty.items()} == {5: code}


def test_a_faulty_dependency_does_not_vouch_for_the_next_one() -> None:
    wrong = replace(runs_on("site", "b"), verb="CALLS")
    ends = [seen("site", "site"), seen("b", "application"), seen("c", "application")]
    claims = claimed(*ends, wrong, replace(wrong, provider="c"), wrong)
    assert {index: row.code for index, row in claims.faulty.items()} == dict.fromkeys(
        (3, 4, 5), ErrorCode.VERB_ENDS
    )
    assert claims.dependencies == []


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Item,
            key=st.sampled_from("ab"),
            ci_class=st.just("server"),
            name=st.sampled_from("xy"),
            attributes=st.dictionaries(st.sampled_from(["os", "role"]), st.sampled_from("12")),
            mention=st.booleans(),
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_which_items_count_does_not_depend_on_order_unless_descriptions_contradict(
    entries: list[Item], chance: random.Random
) -> None:
    straight = claimed(*entries)
    shuffled = list(entries)
    chance.shuffle(shuffled)
    mixed = claimed(*shuffled)
    if straight.faulty:
        assert mixed.faulty
    else:
        assert (mixed.items, mixed.faulty) == (straight.items, {})
    assert straight.items.keys() == {item.key for item in entries}
