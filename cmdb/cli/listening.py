"""`cmdb listen`: SNMP traps and syslog messages become events."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
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
from cmdb.ingest.syslog_decoder import decode_syslog
from cmdb.ingest.trap_decoder import decode_trap
from cmdb.metamodel import read_metamodel

RETRY_SECONDS = 2.0
"""How long a batch waits until it is sent again; meanwhile messages wait in the listener."""

BODY_BYTES = 1 << 20
"""A body ends with the message that passes this size; one message is far from what webhooks refuse."""

_PASSING = frozenset(
    {ErrorCode.SERVER_UNREACHABLE, ErrorCode.OVERLOADED, ErrorCode.INBOX_BROKEN, ErrorCode.INTERNAL}
)
"""Why a body is not taken now and may be later."""

Inlet = tuple[str, AbstractMapping[str, str]]
"""The loader that reads the messages, and its arguments."""

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
    asyncio.run(_listen(context.obj, ("snmptrap", {}), decode, (host, port, count)))


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
    arguments = asked_for(setting).arguments
    _require_arguments("syslog", arguments)
    asyncio.run(_listen(context.obj, ("syslog", arguments), decode_syslog, (host, port, count)))


def _require_arguments(name: str, arguments: AbstractMapping[str, str]) -> None:
    """Refuse wrong ones now and not when the first message comes."""
    loaders = Loaders(resources.folder("loaders"), read_metamodel(resources.folder("schema")))
    loaders.mapping(loaders.loader(name), arguments)


async def _listen(session: Session, inlet: Inlet, decode: Decode, where: tuple[str, int, int]) -> None:
    host, port, count = where
    async with session.connect() as client:
        await _require_inbox(client)
        async with listening(host, port, decode, tell_remark) as listener:
            sys.stdout.write(f"udp://{host}:{listener.port}\n")
            sys.stdout.flush()
            taken = lost = 0
            while not count or taken < count:
                batch = await listener.batch()
                taken += len(batch)
                for body in _bodies(batch):
                    await _deliver(client, inlet, body)
                if listener.lost > lost:
                    tell_remark(
                        f"{listener.lost - lost} messages came faster than they could be sent on and are lost"
                    )
                    lost = listener.lost


async def _require_inbox(client: Client) -> None:
    """Refuse to listen without a server; one that is away for a while comes back."""
    try:
        await client.ask("inbox", {})
    except CmdbError as error:
        if error.code is ErrorCode.INBOX_BROKEN:
            raise
        tell_remark(error.message)


def _bodies(batch: Iterable[Document]) -> Iterator[bytes]:
    """Yield the documents one a line, in bodies of a size that webhooks take."""
    lines: list[bytes] = []
    size = 0
    for document in batch:
        lines.append(json.dumps(document.value).encode())
        size += len(lines[-1])
        if size > BODY_BYTES:
            yield b"\n".join(lines)
            lines, size = [], 0
    if lines:
        yield b"\n".join(lines)


async def _deliver(client: Client, inlet: Inlet, body: bytes) -> None:
    """Send until it is on the server's disk: the service may be down for a while, and a trap comes only once."""
    while True:
        try:
            await client.deliver(inlet[0], body, inlet[1])
        except CmdbError as error:
            if error.code not in _PASSING:
                raise
            tell_remark(f"{error.message} Sent again in {RETRY_SECONDS:g} s.")
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return
