"""Inventories in INI: sections of hosts with their values, and of variables that go to the end of the line."""

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import ErrorCode
from cmdb.ingest.ini_reader import read_ini
from tests.support.reading import refusal, values

WORDS = st.text("abcXYZ019._-:/[]{}é", min_size=1, max_size=8).filter(lambda word: word[0] != "[")
PHRASES = st.text("ab 'é\\\"#=;,", max_size=10)


def sections(text: str) -> Any:
    (document,) = values(read_ini, text.encode())
    return document["sections"]


def entry(line: str) -> Any:
    ((section,), *_) = [sections(line)]
    (found,) = section["entries"]
    return found["name"], found["values"]


def test_an_inventory_is_sections_of_entries() -> None:
    text = """\
; first
lone ansible_host=192.0.2.1
[web]   # the front
w[01:03].example.org  ansible_port=22 note="two words" # end
[web:vars]
proxy = 'http://p:1'
empty=
[site:children]
web
"""
    assert [(row["name"], row["line"], row["entries"]) for row in sections(text)] == [
        ("", 1, [{"name": "lone", "line": 2, "values": {"ansible_host": "192.0.2.1"}}]),
        (
            "web",
            3,
            [
                {
                    "name": "w[01:03].example.org",
                    "line": 4,
                    "values": {"ansible_port": "22", "note": "two words"},
                }
            ],
        ),
        (
            "web:vars",
            5,
            [
                {"name": "", "line": 6, "values": {"proxy": "http://p:1"}},
                {"name": "", "line": 7, "values": {"empty": ""}},
            ],
        ),
        ("site:children", 8, [{"name": "web", "line": 9, "values": {}}]),
    ]


@pytest.mark.parametrize("equals", ["=", " = ", "= ", " ="])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pool one two", "pool one two"),
        ("'pool one'", "pool one"),
        ('"pool one" # why', "pool one"),
        ("pool # why", "pool"),
        ("http://a/?b=c#d", "http://a/?b=c#d"),
        ("it's", "it's"),
        ("'a' or 'b'", "'a' or 'b'"),
        ("# nothing", ""),
        ("", ""),
    ],
)
def test_a_variable_goes_to_the_end_of_its_line(equals: str, written: str, meant: str) -> None:
    assert entry(f"ntp{equals}{written}") == ("", {"ntp": meant})


@given(WORDS, st.dictionaries(st.text("abc_", min_size=1, max_size=4), PHRASES, max_size=4))
def test_a_host_keeps_its_name_and_every_value(host: str, given_values: dict[str, str]) -> None:
    line = " ".join([host, *(f"{name}={shlex.quote(text)}" for name, text in given_values.items())])
    assert entry(line) == (host, given_values)


def test_words_without_a_value_and_values_without_a_name_say_nothing() -> None:
    assert entry("host alone =x a=1") == ("host", {"a": "1"})


@pytest.mark.parametrize("text", ["", "\n\n", "# one\n; two\n", "\ufeff"])
def test_what_says_nothing_has_no_sections(text: str) -> None:
    assert sections(text) == []


def test_an_empty_section_is_kept_and_a_section_may_come_twice() -> None:
    assert [row["name"] for row in sections("[a]\n[b]\nh\n[a]\n")] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"[web\n", "not written [name]"),
        (b"[]\n", "not written [name]"),
        (b"[a] b\n", "not written [name]"),
        (b'a b="c\n', "No closing quotation"),
        (b"a='b\n", "No closing quotation"),
        (b"= 3\n", "names nothing"),
        (b"'' a=1\n", "names nothing"),
        (b"a\0b\n", "NUL"),
        (b"\xff\n", "not UTF-8"),
    ],
)
def test_what_is_no_inventory_is_refused_with_its_line(line: bytes, says: str) -> None:
    error = refusal(read_ini, b"[ok]\n" + line)
    assert (error.code, str(error.place)) == (ErrorCode.SYNTAX, "in:2")
    assert says in error.message
    assert error.hint
