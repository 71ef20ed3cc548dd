"""How to get into a source is never shown."""

from cmdb.ports.bolt_source import Access


def test_a_token_is_not_shown_wherever_the_access_is_printed() -> None:
    access = Access(token="hush", user="reader")
    assert "hush" not in f"{access} {access!r}"
    assert "reader" in repr(access)
