"""The content hash: the same in every order, another for other content."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cmdb.store.canonical import ContentHash, write_entry
from cmdb.store.cut import Entry


def hashed(lines: list[bytes]) -> str:
    content = ContentHash()
    for line in lines:
        content.add(line)
    return content.hexdigest()


@given(st.lists(st.binary(max_size=5)), st.randoms())
def test_order_does_not_matter(lines: list[bytes], chance: Random) -> None:
    shuffled = lines[:]
    chance.shuffle(shuffled)
    assert hashed(shuffled) == hashed(lines)


@given(st.lists(st.binary(max_size=2), max_size=4), st.lists(st.binary(max_size=2), max_size=4))
def test_content_and_how_often_it_stands_there_matter(one: list[bytes], other: list[bytes]) -> None:
    assert (hashed(one) == hashed(other)) == (sorted(one) == sorted(other))


def test_properties_are_written_in_one_way() -> None:
    one = write_entry(Entry("item", {"b": 1, "a": "ä"}))
    assert one == write_entry(Entry("item", {"a": "ä", "b": 1}))
    assert one.decode() == '{"held":{"a":"ä","b":1},"kind":"item"}'
