"""Any XML as nested objects."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.errors import ErrorCode
from cmdb.ingest.xml_reader import ELEMENT_LIMIT, read_xml
from tests.support.reading import refusal, values

NAMES = st.sampled_from(["a", "b", "c-d", "e.f"])
TEXTS = st.text("ab <>&\"'é😀", max_size=6).map(str.strip)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.tuples(NAMES, st.dictionaries(NAMES, TEXTS, max_size=2), TEXTS, st.just([])),
    lambda inner: st.tuples(
        NAMES, st.dictionaries(NAMES, TEXTS, max_size=2), TEXTS, st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


def element(tree: Any, parent: Element | None = None) -> Element:
    name, attributes, text, children = tree
    made = Element(name, attributes) if parent is None else SubElement(parent, name, attributes)
    made.text = text
    for child in children:
        element(child, made)
    return made


def plain(tree: Any) -> dict[str, object]:
    name, attributes, text, children = tree
    return {
        "name": name,
        "attributes": attributes,
        "text": text,
        "children": [plain(child) for child in children],
    }


@settings(max_examples=60)
@given(TREES)
def test_a_tree_that_is_written_reads_back(tree: Any) -> None:
    assert values(read_xml, tostring(element(tree))) == [plain(tree)]


def test_namespaces_are_left_out_and_texts_around_children_gathered() -> None:
    (document,) = values(read_xml, b'<a xmlns="urn:x" k="v"> R &amp; D <b/> two <b>t</b></a>')
    assert (document["name"], document["attributes"]) == ("a", {"k": "v"})
    assert document["text"] == "R & D two"
    assert [(child["name"], child["text"]) for child in document["children"]] == [("b", ""), ("b", "t")]


def test_the_number_of_elements_is_bounded() -> None:
    error = refusal(read_xml, b"<a>" + b"<b/>" * ELEMENT_LIMIT + b"</a>")
    assert (error.code, str(error.place)) == (ErrorCode.TOO_LARGE, "in")


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"<a>\n<b></a>", ErrorCode.SYNTAX, "in:2"),
        (b"<a>\n", ErrorCode.SYNTAX, "in:2"),
        (b"", ErrorCode.SYNTAX, "in:1"),
        (b"<a>" * 65, ErrorCode.HOSTILE_DOCUMENT, "in"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', ErrorCode.HOSTILE_DOCUMENT, "in"),
    ],
)
def test_what_is_wrong_or_hostile_is_refused(content: bytes, code: ErrorCode, place: str) -> None:
    error = refusal(read_xml, content)
    assert (error.code, str(error.place)) == (code, place)
    assert error.hint
