"""Rows of events become steps with everything that was given, and nothing that was not."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from cmdb.api.event_inputs import EventInput, LabelInput, SubjectInput
from cmdb.model.records import Direction, EventState, EventTransition
from cmdb.model.severity import Severity
from cmdb.model.subject import Subject
from tests.support.api_client import ApiClient
from tests.support.moments import NOON

TEXTS = st.text(max_size=4)
SUBJECTS = st.builds(
    SubjectInput,
    reference=TEXTS,
    host=TEXTS,
    address=TEXTS,
    part=TEXTS,
    service=TEXTS,
    labels=st.lists(
        st.builds(LabelInput, name=TEXTS, value=TEXTS), max_size=3, unique_by=lambda row: row.name
    ),
)
INPUTS = st.builds(
    EventInput,
    item=TEXTS.map("i".__add__),
    subject=st.none() | SUBJECTS,
    id=TEXTS,
    sequence=st.none() | st.integers(0, 9),
    repeat_seconds=st.none() | st.integers(1, 9),
    link=TEXTS,
    raw=TEXTS,
    condition=TEXTS.map("c".__add__),
    severity=st.sampled_from(Severity),
    at=st.just(NOON),
    state=st.sampled_from(EventState),
    direction=st.sampled_from(Direction),
    summary=TEXTS,
    key=st.none() | TEXTS.map("k".__add__),
    unknown=st.booleans(),
)


@given(INPUTS)
def test_every_field_arrives_under_its_own_name(row: EventInput) -> None:
    made = row.to_record()
    given_values = {
        field.name: getattr(row, field.name) for field in fields(EventInput) if field.name != "subject"
    }
    assert {name: getattr(made, name) for name in given_values} == given_values
    assert (made.subject is None) == (row.subject is None)


@given(SUBJECTS)
def test_a_subject_keeps_its_words_and_labels(row: SubjectInput) -> None:
    made = row.to_subject()
    assert (made.reference, made.host, made.address) == (row.reference, row.host, row.address)
    assert (made.part, made.service) == (row.part, row.service)
    assert made.labels == {label.name: label.value for label in row.labels}


def test_what_is_not_given_is_the_records_own_default() -> None:
    bare = EventInput(item="a", condition="c", severity=Severity.MAJOR, at=NOON)
    assert bare.to_record() == EventTransition(item="a", condition="c", severity=Severity.MAJOR, at=NOON)
    assert SubjectInput().to_subject() == Subject()


async def test_an_event_that_names_a_subject_is_bound_to_its_item(client: ApiClient) -> None:
    row = {
        "subject": {"host": "nowhere", "reference": "r2", "labels": [{"name": "rack", "value": "7"}]},
        "condition": "fan",
        "severity": "MINOR",
        "at": NOON.isoformat(),
    }
    told = await client.run("record_events", input={"source": "tool", "rows": [row]})
    assert told["userErrors"] == []
    found = await client.run("events", first=50)
    (event,) = [edge["node"] for edge in found["edges"] if edge["node"]["condition"] == "fan"]
    assert event["item"]["key"] == "r2"
