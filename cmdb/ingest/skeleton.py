"""A loader folder to start from: it works, its samples are tested, and each file says what to put there."""

import re
from pathlib import Path

from cmdb.errors import Conflict, ErrorCode, InvalidInput, Place

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_FILES = {
    "loader.yaml": """\
title: {name}
format: json
coverage: partial
scope: What a file names; anything else is left as it is.
fetch: Say here how a person gets a file.
recognise: 'type == "object" and has("hosts")'
arguments:
  environment: {{description: "What the hosts serve, for example production."}}
""",
    "map.jq": """\
# One host becomes a server, each name in `uses` something that it needs and another file describes.
# `item`, `mention`, `need` and `drop_empty` come from loaders/prelude.jq.

def key: "host:" + ascii_downcase;

.hosts[]
| (.name | key) as $key
| item("server"; $key; .name; {{
    fqdn: (.fqdn // "" | ascii_downcase),
    ip_addresses: (.addresses // []),
    environment: $arguments.environment
  }}),
  (.uses[]? | mention("server"; key; .; {{}}), need($key; "USES"; key))
""",
    "samples/hosts.json": """\
{{"hosts": [{{"name": "Alpha", "fqdn": "alpha.example.org", "addresses": ["192.0.2.1"], "uses": ["Beta"]}}]}}
""",
    "samples/faulty.json": """\
{{"hosts": [{{"name": "Gamma", "addresses": "192.0.2.3"}}]}}
""",
    "README.md": """\
# {name}

What the source is, in one sentence.

```
cmdb loader try hosts.json {name}
cmdb load {name} hosts.json
```

| in the file | becomes |
|---|---|
| a host | a `server`, key `host:NAME` |
| a name in `uses` | a mention and a dependency `USES` |
""",
}


def write_skeleton(folder: Path, name: str) -> Path:
    """Write the folder of a new loader, without `expected.json`; InvalidInput for its name, Conflict if it exists."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"'{name}' is no name for a loader.",
            hint="Use lower case letters, digits and single hyphens, for example my-tool.",
            place=Place("command line", field="NAME"),
        )
    made = folder / name
    if made.exists():
        raise Conflict(
            ErrorCode.CONFLICT, f"The folder {made} exists.", hint="Choose another name, or edit that folder."
        )
    (made / "samples").mkdir(parents=True)
    for path, text in _FILES.items():
        (made / path).write_text(text.format(name=name), encoding="utf-8")
    return made
