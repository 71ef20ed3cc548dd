"""Proof that a reader can check, hidden parts kept hidden."""

from cmdb.application.proof import Proofs, describe_path, names_of, path_between
from cmdb.application.snapshot import Snapshot
from cmdb.model.answers import Proof
from cmdb.model.records import Dependency, Direction, Item
from cmdb.model.severity import Severity
from tests.support.small_estate import ANN, furnished, outage, raised


def proof_of(snapshot: Snapshot, key: str, origin: str | None = None, *, hidden: bool = False) -> Proof:
    index = snapshot.topology.index
    end = index[origin] if origin else None
    return Proofs(snapshot, snapshot.mask(ANN) if hidden else None).proof(index[key], end)


def providers(proof: Proof) -> list[str]:
    return [step.provider.key for step in proof.path]


async def test_without_an_origin_the_path_leads_to_the_first_cause() -> None:
    snapshot = await (await outage()).snapshot()
    assert providers(proof_of(snapshot, "vpn")) == ["vpnc", "r1"]
    assert providers(proof_of(snapshot, "vpn", "vpnc")) == ["vpnc"]
    assert proof_of(snapshot, "vpn", "vpn").path == ()


async def test_a_cause_on_the_ci_itself_needs_no_path() -> None:
    snapshot = await (await outage()).snapshot()
    proof = proof_of(snapshot, "printsrv")
    assert ([cause.item.key for cause in proof.causes], proof.path) == (["printsrv"], ())


async def test_a_healthy_ci_has_nothing_to_prove() -> None:
    proof = proof_of(await (await furnished()).snapshot(), "vpn")
    assert (proof.path, proof.causes, proof.repairs, proof.groups) == ((), (), (), ())


async def test_causes_carry_their_errors_and_a_repair_lifts_the_ci() -> None:
    local = raised("r1", Severity.WARNING, direction=Direction.LOCAL)
    snapshot = await (await furnished(raised("r2"), raised("r1"))).snapshot()
    proof = proof_of(snapshot, "mail")
    assert {cause.item.key for cause in proof.causes} == {"r1", "r2"}
    assert all(cause.severity is Severity.CRITICAL and len(cause.events) == 1 for cause in proof.causes)
    assert {tuple(ref.key for ref in repair) for repair in proof.repairs} == {("r1",), ("r2",)}
    noisy = await (await furnished(raised("r2"), local)).snapshot()
    assert proof_of(noisy, "mail").causes == ()


async def test_a_tripped_group_is_told_with_its_count() -> None:
    snapshot = await (await furnished(raised("r2"), raised("r1"))).snapshot()
    (verdict,) = proof_of(snapshot, "mail").groups
    assert (verdict.group, verdict.weight, verdict.weight_up, verdict.weight_needed, verdict.tripped) == (
        "wan",
        2,
        0,
        1,
        True,
    )
    assert [ref.key for ref in verdict.members] == ["r1", "r2"]


async def test_what_is_hidden_appears_without_key_and_events() -> None:
    snapshot = await (await outage()).snapshot()
    proof = proof_of(snapshot, "vpn", hidden=True)
    assert [cause.item.restricted for cause in proof.causes] == [True]
    assert proof.causes[0].events == ()
    assert providers(proof) == ["", ""]
    assert [ref.key for repair in proof.repairs for ref in repair] == [""]


async def test_margins_name_the_next_failures_as_far_as_visible() -> None:
    snapshot = await (await outage()).snapshot()
    place = snapshot.topology.index["mail"]
    left = Proofs(snapshot, None).margin(place)
    assert (left.survives, [ref.key for ref in left.next_failures]) == (0, ["r2"])
    hidden = Proofs(snapshot, snapshot.mask(ANN)).margin(place)
    assert [ref.restricted for ref in hidden.next_failures] == [True]


async def test_a_path_needs_no_failure() -> None:
    snapshot = await (await furnished()).snapshot()
    index = snapshot.topology.index
    steps = path_between(snapshot, index["finance"], index["r1"], None)
    assert [step.consumer.key for step in steps] == ["finance", "vpn", "vpnc"]
    assert path_between(snapshot, index["r1"], index["r1"], None) == ()
    (step,) = describe_path(snapshot, [next(iter(snapshot.topology.to_providers(index["mail"])))], None)
    assert (step.verb, step.group) == ("DEPENDS_ON", "wan")


async def test_names_are_joined_for_a_sentence() -> None:
    snapshot = await (await furnished()).snapshot()
    refs = [snapshot.ref(snapshot.topology.index[key]) for key in ("mail", "vpn")]
    assert names_of(refs) == "E-mail, VPN"
    assert names_of([]) == ""


async def test_of_many_next_failures_ten_are_named_and_all_counted() -> None:
    parts = [Item(key=f"part{number:02}", ci_class="server", name=f"part {number}") for number in range(12)]
    whole = Item(key="whole", ci_class="application", name="whole")
    needs = [Dependency(consumer="whole", verb="DEPENDS_ON", provider=part.key) for part in parts]
    snapshot = await (await furnished(whole, *parts, *needs)).snapshot()
    left = Proofs(snapshot, None).margin(snapshot.topology.index["whole"])
    assert left.next_failure_count == 12
    assert [ref.key for ref in left.next_failures] == [f"part{number:02}" for number in range(10)]
