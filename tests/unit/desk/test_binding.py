"""Ordered rules find the CI of an event: the closest fact wins, doubt binds nothing."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.binding import Binding, NameIndex, port_name
from cmdb.metamodel import read_metamodel
from cmdb.model.provenance import AttributeValue, Sighting
from cmdb.model.records import Item
from cmdb.model.subject import Subject
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))


def ci(
    key: str, ci_class: str, name: str = "", *sightings: tuple[str, str], **attributes: AttributeValue
) -> Item:
    rows = tuple(
        Sighting(
            source=source, scope="default", key=native, ci_class=ci_class, name=name or key, rule="native key"
        )
        for source, native in sightings
    )
    return Item(key=key, ci_class=ci_class, name=name or key, attributes=attributes, sightings=rows)


EDGE = ci(
    "edge-1",
    "router",
    "edge-1",
    ("netbox", "dcim.device:7"),
    fqdn="edge-1.example.org",
    ip_addresses=("192.0.2.7",),
)
PORT = ci("edge-1:Gi0/1", "network_interface", "GigabitEthernet0/1")
DB = ci("db", "server", "db-1")
TILL = ci("till", "application_service", "till")
TILL_APP = ci("till-app", "application_component", "till")
POD = ci("blue/shop/pod/till-0", "pod", "till-0")
VM = ci("vm-9", "virtual_machine", "vm-9", instance_id="i-0abc")
ESTATE = (EDGE, PORT, DB, TILL, TILL_APP, POD, VM)


def parts_of(key: str) -> Iterable[tuple[str, str]]:
    return [(PORT.key, PORT.name)] if key == EDGE.key else []


def index_of(items: Iterable[Item]) -> NameIndex:
    index = NameIndex(METAMODEL)
    for item in items:
        index.put(item)
    return index


def find(subject: Subject, items: Iterable[Item] = ESTATE, source: str = "probe") -> Binding:
    return index_of(items).find(source, subject, parts_of)


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        (Subject(reference="db"), "db"),
        (Subject(reference="dcim.device:7"), "edge-1"),
        (Subject(reference="i-0ABC"), "vm-9"),
        (Subject(host="EDGE-1.example.org."), "edge-1"),
        (Subject(host="edge-1"), "edge-1"),
        (Subject(host="db-1.example.org"), "db"),
        (Subject(address="192.0.2.7"), "edge-1"),
        (Subject(host="edge-1", part="Gi0/1"), "edge-1:Gi0/1"),
        (Subject(host="edge-1", part="sda"), "edge-1"),
        (Subject(service="Till"), "till"),
        (Subject(labels={"namespace": "shop", "pod": "till-0"}), "blue/shop/pod/till-0"),
        (Subject(labels={"instance": "192.0.2.7:9100"}), "edge-1"),
        (Subject(labels={"job": "till"}), "till"),
        (Subject(host="unheard", address="192.0.2.7"), "edge-1"),
    ],
)
def test_each_rule_finds_its_ci(subject: Subject, key: str) -> None:
    assert find(subject).key == key


@pytest.mark.parametrize(
    "subject",
    [
        Subject(host="edge-1.other.org"),
        Subject(host="localhost"),
        Subject(address="127.0.0.1"),
        Subject(reference="unheard"),
        Subject(labels={"colour": "red"}),
        Subject(labels={"namespace": "shop", "pod": "till-1"}),
    ],
)
def test_what_names_another_thing_or_nothing_stays_unbound(subject: Subject) -> None:
    found = find(subject)
    assert found.key == ""
    assert found.reason.startswith("no CI is known by")


def test_the_key_of_the_source_that_asks_goes_before_that_of_another() -> None:
    items = (ci("a", "server", "a", ("netbox", "7")), ci("b", "server", "b", ("zabbix", "7")))
    assert find(Subject(reference="7"), items, "zabbix").key == "b"
    doubt = find(Subject(reference="7"), items, "probe")
    assert (doubt.key, doubt.reason) == ("", "reference 7 fits 2 CIs: a, b")


def test_a_later_rule_decides_between_candidates_of_an_earlier_one() -> None:
    twins = (
        ci("a", "server", "db-1", ip_addresses=("192.0.2.1",)),
        ci("b", "server", "db-1", ip_addresses=("192.0.2.2",)),
    )
    assert find(Subject(host="db-1", address="192.0.2.2"), twins).key == "b"
    assert find(Subject(host="db-1"), twins) == Binding("", "host db-1 fits 2 CIs: a, b")


def test_a_ci_is_known_by_what_it_is_called_now() -> None:
    index = index_of(ESTATE)
    index.put(ci("db", "server", "db-2"))
    assert index.find("probe", Subject(host="db-1"), parts_of).key == ""
    assert index.find("probe", Subject(host="db-2"), parts_of).key == "db"
    index.put(Item(key="db", ci_class="server", name="db-2", retired=True))
    assert "db" not in index
    assert index.find("probe", Subject(host="db-2"), parts_of).key == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GigabitEthernet0/1", "Gi0/1"),
        ("TenGigE0/0/0/1", "te0/0/0/1"),
        ("eth0", "Ethernet0"),
        ("Vlan 10", "vl10"),
        ("xe-0/0/1", "XE-0/0/1"),
    ],
)
def test_vendors_spell_one_port_in_several_ways(one: str, other: str) -> None:
    assert port_name(one) == port_name(other)


NAMES = st.sampled_from(["a1", "b1", "a1.example.org", "b1.example.org", "a1.other.org"])


@given(
    st.lists(st.tuples(NAMES, st.none() | NAMES), max_size=6),
    st.builds(Subject, host=NAMES, address=st.just(""), service=st.just("")),
)
def test_the_order_of_items_decides_nothing(rows: list[tuple[str, str | None]], subject: Subject) -> None:
    def attributes(fqdn: str | None) -> Mapping[str, AttributeValue]:
        return {"fqdn": fqdn} if fqdn and "." in fqdn else {}

    items = [
        Item(key=f"k{n}", ci_class="server", name=name, attributes=attributes(fqdn))
        for n, (name, fqdn) in enumerate(rows)
    ]
    assert find(subject, items) == find(subject, items[::-1])
