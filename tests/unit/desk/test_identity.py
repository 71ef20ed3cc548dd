"""Recognising records of a source as CIs: native keys, strong and weak rules, doubts, and people's word."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.identity import (
    CANDIDATES,
    NATIVE_KEY,
    Asker,
    Binding,
    Identified,
    describe_rule,
    identify,
)
from cmdb.model.provenance import Sighting
from cmdb.model.records import Item
from cmdb.model.runs import Estate, KnownItem
from tests.support.feeds import named, seen
from tests.support.small_estate import METAMODEL

FQDN = {"fqdn": "web.example.com"}
OTHER = {"fqdn": "other.example.com"}


def says(claim: Item, source: str = "netbox", scope: str = "s", rule: str = NATIVE_KEY) -> Sighting:
    """Return the sighting that a claim left when it was bound."""
    return Sighting(
        source=source,
        scope=scope,
        key=claim.key,
        ci_class=claim.ci_class,
        name=claim.name,
        rule=rule,
        attributes=claim.attributes,
        mention=claim.mention,
    )


def known(key: str, *sightings: Sighting, ci_class: str = "server", **fields: object) -> KnownItem:
    """Return a CI as the store holds it."""
    made = KnownItem(key=key, ci_class=ci_class, name=key, sightings=sightings)
    return replace(made, **fields)  # type: ignore[arg-type]


def recorded(key: str, name: str = "", ci_class: str = "server", **attributes: object) -> KnownItem:
    """Return a CI that was recorded directly."""
    return KnownItem(key=key, ci_class=ci_class, name=name or key, attributes=attributes)  # type: ignore[arg-type]


def found(
    claims: Sequence[Item],
    *items: KnownItem,
    complete: bool = True,
    source: str = "ansible",
    rejected: frozenset[tuple[str, str]] = frozenset(),
) -> Identified:
    asker = Asker(source=source, scope="s", complete=complete, rejected=rejected)
    estate = Estate(items={item.key: item for item in items})
    return identify({claim.key: claim for claim in claims}, estate, asker, METAMODEL)


def bound(claim: Item, *items: KnownItem, **asked: object) -> Binding:
    return found([claim], *items, **asked).bindings[claim.key]  # type: ignore[arg-type]


# --- new things -------------------------------------------------------------------------------------------------


def test_what_nothing_tells_becomes_a_ci_of_its_own_under_its_own_key() -> None:
    assert bound(seen("h1"), recorded("x", **OTHER)) == Binding("h1", NATIVE_KEY, new=True)


def test_a_key_that_is_taken_gets_the_source_and_then_a_number_before_it() -> None:
    taken = [recorded("web", ci_class="application"), recorded("ansible/web", ci_class="application")]
    assert bound(seen("web"), taken[0]).key == "ansible/web"
    assert bound(seen("web"), *taken).key == "ansible/web~2"


# --- strong rules -----------------------------------------------------------------------------------------------


def test_a_strong_rule_recognises_whatever_the_spelling() -> None:
    claim = seen("h1", fqdn=" WEB.Example.com. ")
    assert bound(claim, recorded("x", **FQDN)) == Binding("x", "fqdn")


def test_the_first_rule_that_fits_is_named_and_a_rule_of_two_needs_both() -> None:
    held = recorded("x", vendor="Dell", serial_number="S1", **FQDN)
    assert bound(seen("h", vendor="dell", serial_number="s1", **FQDN), held).rule == describe_rule(
        METAMODEL.classes["server"].identity[0]
    )
    assert bound(seen("h", vendor="dell", serial_number="s1"), held).key == "x"
    assert bound(seen("h", serial_number="s1"), held).new


def test_a_value_that_says_nothing_recognises_nothing() -> None:
    assert bound(seen("h", fqdn="localhost"), recorded("x", fqdn="localhost")).new


@pytest.mark.parametrize(
    ("claimed", "held", "joins"),
    [
        ("server", "hypervisor", True),
        ("hypervisor", "server", True),
        ("server", "virtual_machine", True),
        ("server", "database_instance", False),
    ],
)
def test_only_a_class_that_can_be_the_same_thing_is_recognised(
    *, claimed: str, held: str, joins: bool
) -> None:
    assert (bound(seen("h", claimed, **FQDN), recorded("x", ci_class=held, **FQDN)).key == "x") is joins


def test_several_that_fit_are_a_doubt_and_a_ci_of_its_own() -> None:
    answer = found([seen("h", **FQDN)], recorded("x", **FQDN), recorded("y", **FQDN))
    assert answer.bindings["h"] == Binding("h", NATIVE_KEY, new=True)
    assert answer.doubts["h"].candidates == ("x", "y")
    assert answer.doubts["h"].reason == "several CIs fit by fqdn"


def test_a_doubt_names_no_more_candidates_than_people_can_look_at() -> None:
    many = [recorded(f"x{number:02d}", **FQDN) for number in range(CANDIDATES + 3)]
    doubt = found([seen("h", **FQDN)], *many).doubts["h"]
    assert doubt.candidates == tuple(f"x{number:02d}" for number in range(CANDIDATES))


def test_rules_that_point_to_different_cis_are_a_doubt() -> None:
    claim = seen("h", asset_tag="A7", **FQDN)
    doubt = found([claim], recorded("x", **FQDN), recorded("y", asset_tag="A7")).doubts["h"]
    assert (doubt.candidates, doubt.reason) == (("x", "y"), "its rules point to different CIs")


def test_a_better_rule_that_contradicts_makes_a_doubt() -> None:
    """The same asset tag, but another serial number: a label that was stuck on another machine."""
    rules = METAMODEL.classes["server"].identity
    assert rules.index(("vendor", "serial_number")) < rules.index(("asset_tag",))
    claim = seen("h", vendor="dell", serial_number="S2", asset_tag="A7")
    held = recorded("x", vendor="dell", serial_number="S1", asset_tag="A7")
    doubt = found([claim], held).doubts["h"]
    assert doubt.candidates == ("x",)
    assert "a better rule says that it is another thing" in doubt.reason
    assert bound(replace(claim, attributes={"asset_tag": "A7"}), held) == Binding("x", "asset_tag")


def test_living_cis_come_before_retired_ones_and_described_ones_before_named_ones() -> None:
    gone = replace(recorded("gone", **FQDN), retired=True)
    mentioned = known("mentioned", says(named("m", **FQDN)))
    assert bound(seen("h", **FQDN), gone).key == "gone"
    assert bound(seen("h", **FQDN), gone, mentioned).key == "mentioned"
    assert bound(seen("h", **FQDN), gone, mentioned, recorded("living", **FQDN)).key == "living"


# --- weak rules -------------------------------------------------------------------------------------------------


def test_a_weak_rule_binds_weakly_and_only_where_no_strong_one_fits() -> None:
    held = recorded("x", name="web", ip_addresses=("10.0.0.5",))
    assert bound(seen("h", name="WEB"), held) == Binding("x", "name", weak=True)
    assert bound(seen("h", name="other", ip_addresses=("10.0.0.5", "10.0.0.6")), held).rule == "ip_addresses"
    strong = recorded("y", **FQDN)
    assert bound(seen("h", name="web", **FQDN), held, strong) == Binding("y", "fqdn")


def test_a_weak_rule_yields_to_a_strong_one_that_contradicts_and_does_not_wake_the_retired() -> None:
    assert bound(seen("h", name="web", **FQDN), recorded("x", name="web", **OTHER)).new
    gone = replace(recorded("x", name="web"), retired=True)
    assert bound(seen("h", name="web"), gone).new


def test_several_that_fit_weakly_are_a_doubt() -> None:
    answer = found([seen("h", name="web")], recorded("x", name="web"), recorded("y", name="web"))
    assert answer.bindings["h"].new
    assert answer.doubts["h"].candidates == ("x", "y")
    assert "fit weakly" in answer.doubts["h"].reason


# --- what a source itself tells apart -----------------------------------------------------------------------------


def test_two_things_of_one_source_that_fit_one_ci_are_a_doubt_each_unless_they_fit_weakly() -> None:
    answer = found([seen("h1", **FQDN), seen("h2", **FQDN)], recorded("x", **FQDN))
    assert {native: row.new for native, row in answer.bindings.items()} == {"h1": True, "h2": True}
    assert "'h2' of the same source fits it by fqdn as well" in answer.doubts["h1"].reason
    weakly = found([seen("h1", name="web"), seen("h2", name="web")], recorded("x", name="web"))
    assert all(row.new for row in weakly.bindings.values())
    assert weakly.doubts == {}


def test_a_ci_that_the_source_still_calls_something_else_is_not_taken() -> None:
    old = seen("old", **FQDN)
    held = known("x", says(old, source="ansible"))
    answer = found([old, seen("new", **FQDN)], held)
    assert answer.bindings["old"].key == "x"
    assert answer.bindings["new"].new
    assert answer.rekeyed == {}


def test_a_key_that_the_source_gave_up_passes_its_ci_on_in_a_complete_run() -> None:
    held = known("x", says(seen("old", **FQDN), source="ansible"))
    answer = found([seen("new", **FQDN)], held)
    assert answer.bindings["new"] == Binding("x", "fqdn")
    assert answer.rekeyed == {"new": "old"}
    assert found([seen("new", **FQDN)], held, complete=False).rekeyed == {}


def test_a_partial_run_cannot_tell_that_a_key_was_given_up_so_weak_rules_do_not_pass_it_on() -> None:
    held = known("x", says(seen("old", name="web"), source="ansible"))
    assert bound(seen("new", name="web"), held).weak
    assert bound(seen("new", name="web"), held, complete=False).new


# --- what is known already ----------------------------------------------------------------------------------------


def test_a_known_native_key_stays_with_its_ci_and_its_rule() -> None:
    claim = seen("h", **FQDN)
    held = known("x", says(claim, source="ansible", rule="asset_tag"))
    assert bound(claim, held, recorded("y", **FQDN)) == Binding("x", "asset_tag")


def test_what_says_something_new_of_its_identity_is_looked_at_again() -> None:
    held = known("x", says(seen("h", **FQDN), source="ansible"), says(seen("n", **FQDN)))
    answer = found([seen("h", **OTHER)], held, recorded("y", **OTHER))
    assert answer.bindings["h"].key == "x", "nothing is torn apart unasked"
    assert answer.doubts["h"].candidates == ("y",)
    assert answer.doubts["h"].reason == "it now fits another CI by fqdn"
    assert found([seen("h", **OTHER)], held).doubts == {}


def test_a_weak_binding_becomes_a_strong_one_when_the_source_says_more() -> None:
    weak = replace(says(seen("h", name="web"), source="ansible", rule="name"), weak=True)
    held = known("x", weak, says(seen("n", name="web", **FQDN)))
    assert bound(seen("h", name="web"), held) == Binding("x", "name", weak=True)
    assert bound(seen("h", name="web", **FQDN), held) == Binding("x", "fqdn")


def test_a_described_placeholder_joins_the_ci_that_it_turns_out_to_be() -> None:
    placeholder = known("p", says(named("h"), source="ansible"))
    assert bound(seen("h", **FQDN), placeholder, recorded("x", **FQDN)) == Binding("x", "fqdn", left="p")
    assert bound(seen("h", **FQDN), placeholder) == Binding("p", NATIVE_KEY)
    twins = found([seen("h", **FQDN)], placeholder, recorded("x", **FQDN), recorded("y", **FQDN))
    assert (twins.bindings["h"].key, twins.doubts["h"].candidates) == ("p", ("x", "y"))


# --- mentions -----------------------------------------------------------------------------------------------------


def test_a_mention_finds_what_the_same_run_describes() -> None:
    answer = found([seen("h", "switch", name="sw-1"), named("SW-1", "switch", name="SW-1")])
    assert answer.bindings["SW-1"] == Binding("h", "name", weak=True)


def test_mentions_of_one_run_do_not_find_one_another() -> None:
    answer = found([named("m1", name="sw"), named("m2", name="sw")])
    assert {row.key for row in answer.bindings.values()} == {"m1", "m2"}


def test_an_ambiguous_mention_is_bound_to_nothing() -> None:
    answer = found([named("m", name="web")], recorded("x", name="web"), recorded("y", name="web"))
    assert answer.bindings == {}
    assert answer.doubts["m"].candidates == ("x", "y")


def test_a_mention_leaves_its_placeholder_for_the_ci_that_somebody_describes() -> None:
    mention = named("m", name="web")
    placeholder = known("p", says(mention, source="ansible"))
    assert bound(mention, placeholder, recorded("x", name="web")) == Binding("x", "name", weak=True, left="p")
    assert bound(mention, placeholder) == Binding("p", NATIVE_KEY)
    also_named = known("q", says(named("n", name="web")))
    assert bound(mention, placeholder, also_named) == Binding("p", NATIVE_KEY)


# --- people's word, interrupted moves -----------------------------------------------------------------------------


def test_what_people_ruled_out_is_never_taken_again() -> None:
    held = (recorded("x", **FQDN), recorded("y", **FQDN))
    assert bound(seen("h", **FQDN), *held, rejected=frozenset({("h", "x")})).key == "y"
    both = frozenset({("h", "x"), ("h", "y")})
    answer = found([seen("h", **FQDN)], *held, rejected=both)
    assert (answer.bindings["h"].new, answer.doubts) == (True, {})
    assert bound(seen("h2", **FQDN), held[0], rejected=both).key == "x"


@pytest.mark.parametrize("described_first", [False, True])
def test_of_two_cis_that_hold_one_sighting_the_described_one_has_it(*, described_first: bool) -> None:
    mention = says(named("h"), source="ansible")
    items = [known("p", mention), known("x", mention, says(seen("n")))]
    assert bound(named("h"), *(items[::-1] if described_first else items)).key == "x"


def test_another_scope_of_the_source_knows_the_same_keys() -> None:
    claim = seen("h", **FQDN)
    held = known("x", says(claim, source="ansible", scope="elsewhere", rule="fqdn"))
    assert bound(claim, held) == Binding("x", "fqdn")


# --- laws -----------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["1", "2"])
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"fqdn": WORDS.map("f{}.example.com".format), "asset_tag": WORDS.map("A{}".format)}
)
CLAIMS = st.lists(
    st.builds(
        lambda key, name, attributes, mention: Item(
            key=key, ci_class="server", name=name, attributes=attributes, mention=mention
        ),
        st.sampled_from([f"k{n}" for n in range(5)]),
        st.sampled_from(["n-1", "n-2"]),
        ATTRIBUTES,
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda claim: claim.key,
)
ITEMS = st.lists(
    st.builds(
        lambda key, name, attributes, retired: replace(
            recorded(key, name=name, **attributes), retired=retired
        ),
        st.sampled_from(["x", "y", "z"]),
        st.sampled_from(["n-1", "n-2"]),
        ATTRIBUTES,
        st.booleans(),
    ),
    max_size=3,
    unique_by=lambda item: item.key,
)


@settings(max_examples=60)
@given(CLAIMS, ITEMS, st.booleans(), st.randoms(use_true_random=False))
def test_order_decides_nothing_and_every_claim_has_one_answer(
    claims: list[Item],
    items: list[KnownItem],
    complete: bool,
    chance: random.Random,
) -> None:
    straight = found(claims, *items, complete=complete)
    chance.shuffle(claims)
    chance.shuffle(items)
    assert found(claims, *items, complete=complete) == straight
    for claim in claims:
        binding, doubt = straight.bindings.get(claim.key), straight.doubts.get(claim.key)
        assert (binding is None) is (claim.mention and doubt is not None), (
            "only a doubtful mention is unbound"
        )
    made = [row.key for row in straight.bindings.values() if row.new]
    assert len(made) == len(set(made))
    assert not {item.key for item in items}.intersection(made)
