"""Decodes syslog messages, RFC 5424 and the older form, to the document that the loader `syslog` reads."""

import re
from datetime import datetime

from cmdb.errors import ErrorCode, InvalidInput, Place

_HIGHEST = 191
"""Facility 23, level 7."""

_PRIORITY = re.compile(r"<(\d{1,3})>")
_FIELDS = r"(?:-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.)*\")*\])+)"
_FIFTH = re.compile(
    rf"1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) \S+ \S+ {_FIELDS} ?(?P<message>.*)",
    re.DOTALL,
)
_DAY = r"[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{2,4})?"
_OLDER = re.compile(
    rf"(?:\d+: )?(?:(?P<before>[A-Za-z0-9._-]+): )?[*.]?(?:{_DAY}|\d{{4}}-\d\d-\d\dT\S+):? "
    r"(?:(?P<host>[A-Za-z0-9._:-]+[A-Za-z0-9]) )?(?P<rest>.*)",
    re.DOTALL,
)
_TAG = re.compile(r"(?P<app>[A-Za-z0-9_./-]{1,48})(?:\[\d*\])?: (?P<message>.*)", re.DOTALL)
_MNEMONIC = re.compile(r"%([A-Z0-9_-]+-[0-7]-[A-Z0-9_]+)")


def decode_syslog(datagram: bytes, address: str, received_at: datetime) -> dict[str, object]:
    """Return priority, facility, sender, host, application and message; InvalidInput for what has no priority.

    The older form tells neither year nor zone: its time is when it came.
    """
    text = datagram.decode("utf-8", "replace").strip("\x00\r\n \ufeff")
    head = _PRIORITY.match(text)
    if head is None or int(head[1]) > _HIGHEST:
        raise InvalidInput(
            ErrorCode.SYNTAX,
            f"Found a message without a priority from {address}.",
            hint="Send syslog of RFC 5424 or RFC 3164 to this port.",
            place=Place("syslog listener"),
        )
    priority = int(head[1])
    found = _parts(text[head.end() :])
    mnemonic = _MNEMONIC.search(found["message"])
    named: dict[str, object] = {name: value for name, value in found.items() if value not in ("", "-")}
    named |= {"mnemonic": mnemonic[1]} if mnemonic else {}
    return {
        "address": address,
        "priority": priority,
        "facility": priority // 8,
        "received_at": received_at.isoformat(),
        "message": "",
        **named,
    }


def _parts(text: str) -> dict[str, str]:
    fifth = _FIFTH.fullmatch(text)
    if fifth is not None:
        return fifth.groupdict() | {"message": fifth["message"].removeprefix("\ufeff")}
    older = _OLDER.fullmatch(text)
    rest = older["rest"] if older else text
    tag = _TAG.fullmatch(rest)
    return {
        "host": (older["host"] or older["before"] or "") if older else "",
        "app": tag["app"] if tag else "",
        "message": tag["message"] if tag else rest,
    }
