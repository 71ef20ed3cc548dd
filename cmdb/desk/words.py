"""Matches a caller's words with names: folded tokens, shared beginnings, share of words found."""

import re

_TOKEN = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    _TOKEN.findall(
        "a an and are at can cannot do does for from get i in is it me my no not of off on or our s t "
        "that the there this to up us we when with"
    )
)
_SHORTEST_STEM = 4


def tokens(text: str) -> frozenset[str]:
    """Return the telling words of a text, case folded."""
    return frozenset(_TOKEN.findall(text.casefold())) - _COMMON


def overlap(words: frozenset[str], text: str) -> float:
    """Return the share 0..1 of the text's telling words that occur in `words`, beginnings counted half."""
    wanted = tokens(text)
    if not wanted or not words:
        return 0.0
    return sum(_fit(word, words) for word in wanted) / len(wanted)


def _fit(word: str, words: frozenset[str]) -> float:
    if word in words:
        return 1.0
    stem = word[:_SHORTEST_STEM]
    return 0.5 if len(stem) == _SHORTEST_STEM and any(other.startswith(stem) for other in words) else 0.0
