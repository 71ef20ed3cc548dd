"""What identity rules compare: normalised values, without those that many things carry."""

import re
from collections.abc import Mapping
from itertools import product

from cmdb.model.provenance import AttributeValue

NAME = "name"
"""Stands in weak rules for the name of the CI."""

_GENERIC = frozenset(
    text
    for line in (
        "|-|?|n/a|na|nil|none|null|unknown|undefined|default|empty|invalid|test|tbd|server|host|router|switch",
        "default string|serial number|system serial number|chassis serial number|base board serial number",
        "not specified|not available|not applicable|no asset tag|no asset information|asset tag",
        "system manufacturer|system product name|to be filled by o.e.m|to be filled by oem|o.e.m|oem",
        "1|123456789|0123456789|1234567890",
        "localhost|localhost.localdomain|localhost6|localhost6.localdomain6|localdomain|ip6-localhost",
        "::|::1|255.255.255.255|172.17.0.1|172.18.0.1|192.168.122.1",
    )
    for text in line.split("|")
)
"""What tools and vendors fill in when they know nothing, and addresses that every machine of a kind has."""

_GENERIC_FORM = re.compile(
    r"127\.\d+\.\d+\.\d+|169\.254\.\d+\.\d+|fe80:.*"  # loopback and link-local addresses
    r"|00[:-]00[:-]5e[:-]00[:-]0[12][:-]..|00[:-]00[:-]0c[:-]07[:-]ac[:-].."  # addresses of redundant gateways
    r"|02[:-]42[:-]ac[:-]11[:-].*"  # the first bridge of every Docker host
    r"|(.)\1*|([0-9a-f]{2})([:-]\2){5}"  # one sign, or one byte, again and again
    r"|[0.:-]+"
)


def normalise(value: object) -> str:
    """Return the form in which values are compared: no case, no blanks around, no final dot of a domain name."""
    return str(value).strip().casefold().rstrip(".")


def is_generic(value: str) -> bool:
    """Whether a normalised value says nothing about which thing it is."""
    return value in _GENERIC or _GENERIC_FORM.fullmatch(value) is not None


def traits(rule: tuple[str, ...], name: str, attributes: Mapping[str, AttributeValue]) -> frozenset[str]:
    """Return the values by which the rule knows a thing; none when one of its attributes is absent or generic.

    A list stands for each of its values: two lists match when they share one.
    """
    if len(rule) == 1:
        return frozenset(_values(rule[0], name, attributes))
    parts = [_values(attribute, name, attributes) for attribute in rule]
    return frozenset("\x1f".join(combination) for combination in product(*parts))


def _values(attribute: str, name: str, attributes: Mapping[str, AttributeValue]) -> list[str]:
    held = name if attribute == NAME else attributes.get(attribute)
    if held is None:
        return []
    entries = held if isinstance(held, tuple) else (held,)
    return [value for entry in entries if not is_generic(value := normalise(entry))]
