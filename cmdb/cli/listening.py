"""`cmdb listen`: SNMP traps and syslog messages become events."""

import asyncio
import json
import sys
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from typing import Annotated

import typer

from cmdb import resources
from cmdb.cli.asking import Setting, asked_for, tell_remark
from cmdb.cli.client import Client
from cmdb.cli.session import Session
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Document
from cmdb.ingest.listening import Decode, listening
from cmdb.ingest.loaders import Loaders
from cmdb.ingest.mapping import Mapping
from cmdb.ingest.records import encode
from cmdb.ingest.syslog_decoder import decode_syslog
from cmdb.ingest.trap_decoder import decode_trap
from cmdb.metamodel import read_metamodel

RETRY_SECONDS = 2.0
"""How long a batch waits until it is sent again; meanwhile messages wait in the listener."""

_LASTING = frozenset(
    {
        ErrorCode.BAD_ARGUMENT,
        ErrorCode.FORBIDDEN,
        ErrorCode.MISSING_FIELD,
        ErrorCode.NOT_FOUND,
        ErrorCode.SYNTAX,
        ErrorCode.TOO_LARGE,
        ErrorCode.UNKNOWN_FIELD,
        ErrorCode.UNKNOWN_KIND,
        ErrorCode.WRONG_TYPE,
    }
)
"""Refusals that sending again does not change."""

Host = Annotated[str, typer.Option(help="Address to listen at.")]
Count = Annotated[int, typer.Option(help="Stop after so many messages; 0: never.", min=0)]


def build_listen_cli() -> typer.Typer:
    """Return the commands under `cmdb listen`."""
    cli = typer.Typer(no_args_is_help=True, help="Take SNMP traps or syslog messages in as events.")
    cli.command("snmptrap")(listen_snmptrap)
    cli.command("syslog")(listen_syslog)
    return cli


def listen_snmptrap(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="UDP port; 0 takes a free one.", min=0, max=65535)] = 10162,
    community: Annotated[
        list[str] | None, typer.Option(envvar="CMDB_SNMP_COMMUNITY", help="Communities that are taken.")
    ] = None,
    count: Count = 0,
) -> None:
    """SNMP traps of version 1 and 2c; away from this machine a community is needed."""
    if not community and not _is_loopback(host):
        raise InvalidInput(
            ErrorCode.MISSING_FIELD,
            f"{host} can be reached from other machines.",
            hint="Say whose traps are taken with --community.",
            place=Place("command line", field="--community"),
        )
    decode = partial(decode_trap, communities=tuple(community or ()))
    asyncio.run(_listen(context.obj, _mapping("snmptrap", {}), decode, (host, port, count)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen_syslog(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="UDP port; 0 takes a free one.", min=0, max=65535)] = 10514,
    setting: Setting = None,
    count: Count = 0,
) -> None:
    """Syslog messages of RFC 5424 and RFC 3164 over UDP."""
    mapping = _mapping("syslog", asked_for(setting).arguments)
    asyncio.run(_listen(context.obj, mapping, decode_syslog, (host, port, count)))


def _mapping(name: str, arguments: AbstractMapping[str, str]) -> tuple[str, Mapping]:
    loaders = Loaders(resources.folder("loaders"), read_metamodel(resources.folder("schema")))
    return name, loaders.mapping(loaders.loader(name), arguments)


async def _listen(
    session: Session, reading: tuple[str, Mapping], decode: Decode, where: tuple[str, int, int]
) -> None:
    source, mapping = reading
    host, port, count = where
    async with session.connect() as client, listening(host, port, decode, tell_remark) as listener:
        sys.stdout.write(f"udp://{host}:{listener.port}\n")
        sys.stdout.flush()
        taken = lost = 0
        while not count or taken < count:
            batch = await listener.batch()
            taken += len(batch)
            await _send(client, source, _lines(mapping, source, batch))
            if listener.lost > lost:
                tell_remark(
                    f"{listener.lost - lost} messages came faster than they could be written and are lost"
                )
                lost = listener.lost


def _lines(mapping: Mapping, source: str, batch: Sequence[Document]) -> list[bytes]:
    """Map message by message: one that the program fails on must not take the others with it."""
    lines: list[bytes] = []
    for document in batch:
        try:
            records = list(mapping.records([(source, document)], tell_remark))
        except InvalidInput as error:
            tell_remark(f"{error.message} {error.hint}")
            continue
        lines += [json.dumps(encode(row.record)).encode() for row in records]
    return lines


async def _send(client: Client, source: str, lines: Sequence[bytes]) -> None:
    """Send until it is taken: the service may be down for a while, and a trap comes only once."""
    while lines:
        try:
            report = await client.upload(source, lines)
        except CmdbError as error:
            if error.code in _LASTING:
                raise
            tell_remark(f"{error.message} Sent again in {RETRY_SECONDS:g} s.")
            await asyncio.sleep(RETRY_SECONDS)
            continue
        for problem in report["problems"]:
            tell_remark(f"{problem['code']}: {problem['message']}")
        return
