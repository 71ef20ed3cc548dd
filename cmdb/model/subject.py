"""What a source says its event or change is about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a source says its event or change is about, in its own words; a CI is found for it by ordered rules.

    `reference` is a CI's key, ours or the source's own; `host` a host name; `address` an IP or MAC address; `part` what
    of that host is meant (an interface, a disk); `service` the name of a service or application.
    """

    reference: str = ""
    host: str = ""
    address: str = ""
    part: str = ""
    service: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The subject as one line, the same for equal subjects: part of an event's key while no CI is found."""
        named = [("", self.reference), ("host=", self.host), ("address=", self.address), ("part=", self.part)]
        named += [
            ("service=", self.service),
            *((f"{_plain(name)}=", self.labels[name]) for name in sorted(self.labels)),
        ]
        return ",".join(f"{name}{_plain(value)}" for name, value in named if value)


def _plain(word: str) -> str:
    """Quote what could be taken for more than one word."""
    return json.dumps(word, ensure_ascii=False) if any(mark in word for mark in ',="') else word
