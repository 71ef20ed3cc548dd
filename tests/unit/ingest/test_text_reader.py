"""What a command prints, as one text."""

from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import ErrorCode
from cmdb.ingest.text_reader import TEXT_LIMIT, read_text
from tests.support.reading import documents, refusal, values


def test_text_is_one_document_with_plain_line_ends() -> None:
    (document,) = documents(read_text, b"\xef\xbb\xbfa\r\nb\n")
    assert (document.value, document.line) == ("a\nb\n", 1)
    assert values(read_text, b"") == [""]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")))
def test_every_other_text_is_kept_as_it_is(text: str) -> None:
    assert values(read_text, text.encode()) == [text]


def test_binary_and_other_encodings_are_refused() -> None:
    for content in (b"a\0", "a".encode("utf-16")):
        error = refusal(read_text, content)
        assert (error.code, str(error.place)) == (ErrorCode.SYNTAX, "in")
        assert error.hint


def test_its_size_is_bounded() -> None:
    assert values(read_text, b"x" * TEXT_LIMIT) == ["x" * TEXT_LIMIT]
    assert refusal(read_text, b"x" * (TEXT_LIMIT + 1)).code is ErrorCode.TOO_LARGE
