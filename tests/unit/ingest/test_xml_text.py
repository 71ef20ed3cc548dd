from dataclasses import dataclass, field
from io import BytesIO

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.xml_text import DEPTH_LIMIT, Truncated, feed_xml


@dataclass
class Seen:
    """Notes the tags in order."""

    tags: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.tags.append(f"{tag}{attributes or ''}")

    def end(self, tag: str) -> None:
        self.tags.append(f"/{tag}")


def feed(content: str) -> list[str]:
    seen = Seen()
    feed_xml(BytesIO(content.encode()), "in.xml", seen)
    return seen.tags


def test_elements_are_fed_in_order_and_a_bare_document_type_passes() -> None:
    assert feed("<!DOCTYPE a><a><b x='1'/>text</a>") == ["a", "b{'x': '1'}", "/b", "/a"]


HOSTILE = {
    "entity bomb": '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "file entity": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://192.0.2.1/x">%b;]><a/>',
    "outside document type": '<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><a/>',
    "public document type": '<!DOCTYPE a PUBLIC "-//x" "http://192.0.2.1/x.dtd"><a/>',
    "element declaration": "<!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
    "deep nesting": "<a>" * (DEPTH_LIMIT + 1) + "</a>" * (DEPTH_LIMIT + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_constructs_that_only_attackers_need_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        feed(HOSTILE[name])
    assert caught.value.code is ErrorCode.HOSTILE_DOCUMENT


@pytest.mark.parametrize(
    ("content", "line"), [("<a>\n<b>\n</a>", 3), ("<a/>\n<b/>", 2), ("<a>\n&nbsp;</a>", 2), ("no xml", 1)]
)
def test_malformed_text_names_its_line(content: str, line: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        feed(content)
    assert caught.value.code is ErrorCode.SYNTAX
    assert not isinstance(caught.value, Truncated)
    assert str(caught.value.place) == f"in.xml:{line}"


@pytest.mark.parametrize(("content", "line"), [("", 1), ("<a>\n<b/>\n", 3), ("<a>\n<b", 2)])
def test_a_text_that_just_ends_is_told_from_a_malformed_one(content: str, line: int) -> None:
    with pytest.raises(Truncated) as caught:
        feed(content)
    assert caught.value.code is ErrorCode.SYNTAX
    assert str(caught.value.place) == f"in.xml:{line}"
