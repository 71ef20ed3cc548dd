"""What the ports of records do themselves."""

from cmdb.application.writing_order import writing_order
from cmdb.errors import Place
from cmdb.ports.records import LocatedRecord, hold_in_memory
from tests.support.small_estate import item, needs


def test_a_few_records_are_held_in_their_order() -> None:
    rows = [LocatedRecord(entry, Place("f", 1)) for entry in (needs("b", "a"), item("b", "server"))]
    with hold_in_memory(iter(rows), writing_order) as held:
        assert list(held) == list(held) == rows[::-1]
        assert len(held) == 2
