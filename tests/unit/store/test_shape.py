"""How records lie in the graph."""

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Role
from cmdb.model.reference import item_ends
from cmdb.store.shape import ITEM_LINK, LABELS, LINKS, ROLE_PATTERN, fill, is_closing
from tests.support.graph_records import EVERY_KIND, edge, incident, item

ENDED = Assignment(party="ann", role=Role.OWNS, item="a", ended=True)


def test_every_kind_is_a_node_or_a_relationship() -> None:
    relationships = {RecordKind.DEPENDENCY, RecordKind.ASSIGNMENT}
    assert set(LABELS) | relationships == set(RecordKind)
    assert len(set(LABELS.values())) == len(LABELS)
    assert len(ROLE_PATTERN.split("|")) == len(Role)


def test_the_links_to_cis_are_the_ends_of_the_record() -> None:
    for record in EVERY_KIND:
        links = {link.type: link.ends(record) for link in LINKS.get(record.kind, ())}
        if record.kind in ITEM_LINK:
            assert links[ITEM_LINK[record.kind]] == item_ends(record)


def test_a_ticket_links_to_its_events_and_to_what_it_is_attached_to() -> None:
    ticket = incident("t2", events=("e1", "e2"), parent="t1")
    links = {link.type: (link.label, link.ends(ticket)) for link in LINKS[RecordKind.TICKET]}
    assert links["RAISED_FROM"] == ("Event", ("e1", "e2"))
    assert links["ATTACHED_TO"] == ("Ticket", ("t1",))
    assert {link.type: link.ends(incident("t")) for link in LINKS[RecordKind.TICKET]}["ATTACHED_TO"] == ()


def test_only_tombstones_and_ended_records_close() -> None:
    assert [is_closing(record) for record in EVERY_KIND] == [False] * len(EVERY_KIND)
    assert is_closing(item("a", retired=True))
    assert is_closing(edge("a", "b", ended=True))
    assert is_closing(ENDED)


def test_places_of_a_statement_are_filled_wherever_they_stand() -> None:
    assert fill("MATCH (n:<label>)-[:<type>]->(:<label>)", label="A", type="B") == "MATCH (n:A)-[:B]->(:A)"
    assert fill("MATCH (n:<label>)", other="A") == "MATCH (n:<label>)"
