"""What identity rules compare."""

import pytest

from cmdb.desk.traits import is_generic, normalise, traits


@pytest.mark.parametrize(
    "value",
    [
        "localhost",
        "LOCALHOST.localdomain",
        "127.0.0.1",
        "127.3.2.1",
        "::1",
        "To Be Filled By O.E.M.",
        "00:00:00:00:00:00",
        "ff-ff-ff-ff-ff-ff",
        "0.0.0.0",
        "Default string",
        "xxxx",
        "0000",
        "169.254.3.4",
        "fe80::1",
        "00:00:5e:00:01:0a",
        " N/A ",
        "",
    ],
)
def test_what_many_things_carry_identifies_none(value: str) -> None:
    assert is_generic(normalise(value))
    assert traits(("fqdn",), "x", {"fqdn": value}) == frozenset()


@pytest.mark.parametrize(
    "value", ["web1", "10.0.0.1", "52:54:00:12:34:56", "2001:db8::1", "CZ3-0001", "i-0abc"]
)
def test_what_one_thing_carries_identifies_it(value: str) -> None:
    assert not is_generic(normalise(value))


def test_values_are_compared_without_case_blanks_and_final_dot() -> None:
    assert traits(("fqdn",), "", {"fqdn": " Web1.Example.COM. "}) == {"web1.example.com"}


def test_a_rule_of_several_attributes_needs_them_all_and_a_list_stands_for_each_of_its_values() -> None:
    both = ("vendor", "serial_number")
    assert traits(both, "", {"vendor": "Dell"}) == frozenset()
    assert traits(both, "", {"vendor": "Dell", "serial_number": "none"}) == frozenset()
    assert traits(both, "", {"vendor": "Dell", "serial_number": "S1"}) == {"dell\x1fs1"}
    assert traits(("ip_addresses",), "", {"ip_addresses": ("10.0.0.1", "127.0.0.1", "10.0.0.2")}) == {
        "10.0.0.1",
        "10.0.0.2",
    }
    assert traits(("name",), "Core-1", {}) == {"core-1"}
