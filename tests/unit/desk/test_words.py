"""Matching a caller's words."""

from cmdb.desk.words import overlap, tokens


def test_common_words_and_case_do_not_count() -> None:
    assert tokens("I cannot access the Finance application!") == {"access", "finance", "application"}


def test_the_share_of_the_name_that_was_said() -> None:
    said = tokens("cannot print my finances")
    assert overlap(said, "Finance") == 0.5
    assert overlap(tokens("finance broken"), "Finance reporting") == 0.5
    assert overlap(said, "Mail") == 0.0
    assert overlap(frozenset(), "Finance") == 0.0
