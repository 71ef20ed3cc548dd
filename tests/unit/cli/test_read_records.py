"""What a load has read and is to send."""

import json
from contextlib import closing

from cmdb.cli.read_records import ReadRecords
from cmdb.errors import Place
from cmdb.ports.records import LocatedRecord
from tests.support.small_estate import item

ROWS = [
    LocatedRecord(item("ä", "server"), Place("first.json", 3, record="ä")),
    LocatedRecord(item("b", "server"), Place("second.json")),
    LocatedRecord(item("c", "server"), Place("second.json", 9)),
]


def test_records_come_back_as_lines_any_number_of_times() -> None:
    with closing(ReadRecords()) as read:
        read.take(ROWS[:1])
        read.take(ROWS[1:])
        assert len(read) == 3
        for _ in range(2):
            assert [json.loads(line)["key"] for line in read.lines()] == ["ä", "b", "c"]
        assert [json.loads(line)["key"] for line in read.lines({2})] == ["ä", "c"]
        assert all(line.endswith(b"\n") for line in read.lines())


def test_a_number_leads_to_the_place_that_people_know() -> None:
    with closing(ReadRecords()) as read:
        read.take(ROWS)
        assert [read.place(number) for number in (1, 2, 3)] == [str(row.place) for row in ROWS]
        assert (read.place(0), read.place(4)) == (None, None)
