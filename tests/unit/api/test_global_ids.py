import pytest
from hypothesis import given
from hypothesis import strategies as some

from cmdb.api.global_ids import NodeKind, decode_id, encode_id
from cmdb.errors import ErrorCode, InvalidInput


@given(some.sampled_from(list(NodeKind)), some.text().filter(lambda text: text.isprintable()))
def test_ids_lead_back_to_kind_and_key(kind: NodeKind, key: str) -> None:
    assert decode_id(encode_id(kind, key)) == (kind, key)


def test_ids_are_the_same_in_every_process() -> None:
    assert encode_id(NodeKind.ITEM, "vpn") == "aXRlbTp2cG4"


@pytest.mark.parametrize(
    "text", ["", "!", "aXRlbTp2cG4=", "aXRlbTp2cG5", "bm90aGluZw", "ä", "x" * 9_000, "a\nb"]
)
def test_other_texts_are_bad_ids(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_id(text)
    assert caught.value.code is ErrorCode.BAD_ID
