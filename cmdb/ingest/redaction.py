"""Takes out of a document what nobody should read on a screen, before it is shown; programs see it as it is.

Where a format marks its secrets the mark counts (Kubernetes Secrets, Terraform's sensitive values); elsewhere a name
that promises a secret, credentials in an address and keys in PEM. What is hidden too much costs a look into the file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from pydantic_core import from_json, to_json

from cmdb.ingest.document import Document

HIDDEN = "(secret)"

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase|code)?$|passw|pwd$|passphrase|psk$|secret|token|credential|authorization|cookie|signature|^sig$|jwt|^auth$"
    r"|(private|api|access|auth|account|shared|signing|encryption|routing|integration|service|master)key"
    r"|clientkeydata|connectionstring|connstr|dsn$|lastappliedconfiguration|community|userdata|kubeconfig"
)
"""Looked for in the name's letters alone, in lower case: `X-Api-Key` and `Private Key` are names too."""

_HARMLESS_NAME = re.compile(
    r"(name|kind|type|namespace|refs?|(?<!secret)(?<!secret_)(?<!secret-)id|path|optional)$"
    r"|^sensitive_(attributes|values)$|_sensitive$",
    re.IGNORECASE,
)
_MARKS = ("sensitive_attributes", "sensitive_values", "before_sensitive", "after_sensitive")
_NAMING = ("name", "Name", "key", "Key", "variable")
_VALUES = ("value", "Value", "stringValue", "default")
"""A secret's name and the secret may stand side by side, as two fields of an object."""

_WORDS = (
    r"password|passwd|passphrase|pwd|secret|token|credential|signature|psk|connection[ _-]?string"
    r"|(?:api|access|account|private|shared|auth)[ _-]?key"
)
_IN_TEXT = (
    (re.compile(r"(://[^/\s:@\"']*:)(?!\d+[/?#])[^\s\"'<>]+(?=@)"), rf"\1{HIDDEN}"),
    (re.compile(r"(://)[^/\s:@\"']{12,}(?=@)"), rf"\1{HIDDEN}"),
    (re.compile(r"((?:^|//|[\s\"'=,])[^/\s:@\"'=,]*:)[^@\s/]+(?=@)"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        HIDDEN,
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{8,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"gh[pousr]_\w{20,}|glpat-[\w-]{15,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]+\.[\w-]+\.[\w-]+"
        ),
        HIDDEN,
    ),
    (
        re.compile(
            rf"(?i)((?:{_WORDS}|(?<![a-z])sig)[\w-]*\\*[\"']?\s*[=:]\s*)(?:\\*\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(rf"(?i)(<[\w.:-]*(?:{_WORDS})[^<>]*>)[^<]+(?=</)"), rf"\1{HIDDEN}"),
)
_SUSPECT_WORDS = (
    b"pass|pwd|psk|secret|token|credential|signature|sig|jwt|auth|cookie|_key|-key| key|connection|connstr|dsn"
    b"|community|userdata|user_data|kubeconfig|@|bearer|basic|ghp_|gho_|ghu_|ghs_|ghr_|glpat-|xox|akia|eyj|apikey|accesskey"
    b"|accountkey|privatekey|sharedkey|signingkey|encryptionkey|routingkey|integrationkey|servicekey|masterkey"
)
_SUSPECT = tuple(_SUSPECT_WORDS.split(b"|"))
"""Most records hold none of these and are not looked at again."""

_RAW_LENGTH = 16_384
"""Characters that are kept of what a source sent."""

_LEAST = 4
"""Characters of a secret that betray it: messages of jq are cut off."""


def redact(value: object) -> object:
    """Return the document's value with secrets replaced; everything else is equal."""
    match value:
        case dict():
            return _without_marked(
                {name: _field(value, str(name), part) for name, part in value.items()}, value
            )
        case list():
            return [
                HIDDEN if _follows_option(value, index) else redact(part) for index, part in enumerate(value)
            ]
        case str():
            return _redact_text(value)
    return value


def hush(text: str, document: Document) -> str:
    """Return a message about a document without the secrets of it, nor their beginnings."""
    hidden: set[str] = set()
    _compare(document.value, redact(document.value), hidden.add)
    for secret in sorted(hidden, key=len, reverse=True):
        end = next((end for end in range(len(secret), _LEAST - 1, -1) if secret[:end] in text), 0)
        text = text.replace(secret[:end], HIDDEN) if end else text
    return _redact_text(text)


def scrub(record: dict[str, Any], text: bytes) -> None:
    """Take secrets out of what a record carries of its source's own words, in place; `text` is what it was read from.

    Names and keys stay: what they look like, things are recognised by.
    """
    lowered = text.lower()
    if not any(word in lowered for word in _SUSPECT):
        return
    match record:
        case {"kind": "event", "raw": str() as raw}:
            record["raw"] = _scrub_raw(raw)
        case {"kind": "item", "attributes": dict() as attributes}:
            record["attributes"] = {name: _scrub_text(value) for name, value in attributes.items()}
    for field in ("description", "summary", "title"):
        if isinstance(record.get(field), str):
            record[field] = _redact_text(record[field])
    for field in ("subject", "subjects"):
        if field in record:
            record[field] = redact(record[field])


def _scrub_raw(raw: str) -> str:
    """A text that was cut off is no JSON any more; then only what shows in the text itself is found."""
    try:
        whole = from_json(raw)
    except ValueError:
        return _redact_text(raw)
    shown = redact(whole)
    return raw if shown == whole else to_json(shown).decode()[:_RAW_LENGTH]


def _scrub_text(value: object) -> object:
    match value:
        case str():
            # A tag is a name and a value in one text.
            name, mark, _ = value.partition("=")
            return f"{name}={HIDDEN}" if mark and _is_secret_name(name) else _redact_text(value)
        case list():
            return [_scrub_text(part) for part in value]
    return value


def _field(holder: Mapping[str, Any], name: str, part: object) -> object:
    """Hide by the name of the field, or of the variable that stands beside its value."""
    if holder.get("kind") == "Secret" and name in ("data", "stringData"):
        return _hide(part)
    if name in _VALUES and (
        holder.get("sensitive") is True or any(_is_secret_name(holder.get(naming)) for naming in _NAMING)
    ):
        return _hide(part)
    return _hide(part) if _is_secret_name(name) else redact(part)


def _is_secret_name(name: object) -> bool:
    if not isinstance(name, str) or _HARMLESS_NAME.search(name):
        return False
    return bool(_SECRET_NAME.search(re.sub(r"[^a-z0-9]", "", name.lower())))


def _hide(part: object) -> object:
    """Hide all values below, but for those that only say which secret is meant."""
    match part:
        case dict():
            return {
                name: redact(below) if _HARMLESS_NAME.search(str(name)) else _hide(below)
                for name, below in part.items()
            }
        case list():
            return [_hide(below) for below in part]
        case bool() | None:
            return part
    return HIDDEN


def _follows_option(values: list[object], index: int) -> bool:
    """Whether it is the argument of an option such as `--password`."""
    before = values[index - 1] if index else None
    return (
        isinstance(before, str)
        and before.startswith("-")
        and "=" not in before
        and _is_secret_name(before)
        and isinstance(values[index], str)
    )


def _without_marked(shown: dict[Any, Any], whole: Mapping[Any, Any]) -> dict[Any, Any]:
    """Hide what Terraform marks beside the values: paths in a state, the same shape with `true` elsewhere."""
    for mark in _MARKS:
        marked = whole.get(mark)
        fields = {
            "sensitive_attributes": ("attributes", "attributes_flat"),
            "sensitive_values": ("values",),
        }.get(mark, (mark.removesuffix("_sensitive"),))
        for field in fields:
            if field in shown:
                shown[field] = _hide_marked(shown[field], marked)
    return shown


def _hide_marked(value: object, marked: object) -> object:
    if marked is True:
        return _hide(value)
    if isinstance(value, dict) and isinstance(marked, dict):
        return {name: _hide_marked(part, marked.get(name)) for name, part in value.items()}
    if isinstance(value, dict) and isinstance(marked, list):
        first = {_first_step(path) for path in marked}
        return {name: _hide(part) if name in first else part for name, part in value.items()}
    if isinstance(value, list) and isinstance(marked, list):
        paired = [*marked, *[None] * len(value)]
        return [_hide_marked(part, mark) for part, mark in zip(value, paired, strict=False)]
    return value


def _first_step(path: object) -> object:
    """Return the attribute that a path of a state begins with; whatever lies below it is hidden as a whole."""
    step = path[0] if isinstance(path, list) and path else path
    return step.get("value") if isinstance(step, dict) else step


def _redact_text(text: str) -> str:
    for pattern, shown in _IN_TEXT:
        text = pattern.sub(shown, text)
    return text


def _compare(whole: object, shown: object, found: Callable[[str], None]) -> None:
    """Tell every text that is hidden in what is shown."""
    for before, after in _pairs(whole, shown):
        if isinstance(before, str) and isinstance(after, str) and before != after:
            start = _shared(before, after)
            end = _shared(before[:start:-1], after[:start:-1])
            found(before[start : len(before) - end])
        elif after == HIDDEN and before != HIDDEN:
            found(str(before))
        elif isinstance(before, dict | list):
            _compare(before, after, found)


def _shared(left: str, right: str) -> int:
    """Return how many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _pairs(whole: object, shown: object) -> Iterator[tuple[object, object]]:
    if isinstance(whole, dict) and isinstance(shown, dict):
        yield from ((part, shown[name]) for name, part in whole.items())
    elif isinstance(whole, list) and isinstance(shown, list):
        yield from zip(whole, shown, strict=True)
