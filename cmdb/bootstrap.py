"""The one composition root: settings become concrete parts, joined to one service."""

import asyncio
import gc
import os
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cmdb import resources
from cmdb.api.app import App, build_app
from cmdb.application.application import Application
from cmdb.application.incident_rule import RuleSettings
from cmdb.application.intake import Applier
from cmdb.application.readiness import Readiness
from cmdb.application.reception import Reception
from cmdb.errors import DeclarationError, ErrorCode, Place
from cmdb.ingest.holding import hold_records
from cmdb.ingest.inbox import Inbox
from cmdb.ingest.inbox_translation import DeliveryTranslator
from cmdb.ingest.loaders import Loaders
from cmdb.ingest.records import JsonRecordParser
from cmdb.metamodel import read_metamodel
from cmdb.model.metamodel import Metamodel
from cmdb.model.severity import Severity
from cmdb.outbound.channels import open_channels, read_channels
from cmdb.ports.bolt_source import BoltSource
from cmdb.settings import Settings
from cmdb.store.archive import BackupSummary, Progress, read_backup, write_backup
from cmdb.store.bolt_source import BoltRows
from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.engine import EmbeddedEngine
from cmdb.store.migrations import migrate, read_migrations
from cmdb.store.store import Store, open_store

START_SECONDS = 3.0
"""How long a server waits for its first picture of the estate before it listens; a large one comes in later."""

MOST_SETTLING = 3600
"""Seconds; whoever wants a rule to wait for longer than an hour wants none."""

COLLECTED_AFTER = (20_000, 20, 50)
"""When Python looks for cycles: a request makes hundreds of objects and no cycle, so the usual 700 is soon reached."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that answers: use cases, HTTP application and store."""

    application: Application
    app: App
    store: Store


@dataclass(frozen=True, slots=True)
class Server:
    """The HTTP application of a server, and how it tells whether it is ready."""

    app: App
    readiness: Readiness


@asynccontextmanager
async def open_service(
    settings: Settings, reception: Reception | None = None, metamodel: Metamodel | None = None
) -> AsyncIterator[Service]:
    """Connect to the store, starting the embedded engine when no address is set, and join all parts to it."""
    metamodel = metamodel or read_metamodel(resources.folder("schema"))
    channels = [entry.name for entry in read_channels(settings.channels)]
    async with _address(settings) as address, _store(address, metamodel, channels) as store:
        application = Application(
            store,
            store,
            metamodel,
            SystemClock(),
            store.run_log,
            reception,
            outbox_log=store.outbox,
            hold=hold_records,
        )
        try:
            yield Service(application, build_app(application, JsonRecordParser()), store)
        finally:
            await application.close()


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[Server]:
    """Open the service with its inbox and background duties; at the end the owner role is given back."""
    rules = _rules(settings)
    metamodel = read_metamodel(resources.folder("schema"))
    translator = DeliveryTranslator(Loaders(resources.folder("loaders"), metamodel))
    declared = read_channels(settings.channels)
    async with _inbox(settings) as inbox, open_channels(declared, SystemClock()) as channels:
        reception = Reception(inbox, translator, SystemClock())
        async with open_service(settings, reception, metamodel) as service:
            duties = service.application.duties(service.store.lease, _process_name(), rules, channels)
            readiness = Readiness(service.store.probe, duties, reception.trouble)
            running = asyncio.create_task(duties.run())
            try:
                async with _applying(service.application.applier(inbox, translator, service.store.touch)):
                    await duties.wait_until_read(START_SECONDS)
                    yield Server(build_app(service.application, JsonRecordParser(), readiness), readiness)
            finally:
                await duties.stop(running)


@asynccontextmanager
async def _inbox(settings: Settings) -> AsyncIterator[Inbox]:
    room = int(settings.inbox_megabytes * (1 << 20))
    inbox = Inbox(settings.data_dir / "inbox", SystemClock(), room)
    try:
        await inbox.open()
        yield inbox
    finally:
        await inbox.close()


@asynccontextmanager
async def _applying(applier: Applier) -> AsyncIterator[None]:
    running = asyncio.create_task(applier.run())
    try:
        yield
    finally:
        await applier.stop(running)


def _process_name() -> str:
    """Name this process for people, and apart from any other one that has been or will be."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _rules(settings: Settings) -> RuleSettings | None:
    threshold = _threshold(settings.incident_severity)
    seconds = settings.incident_settle_seconds
    if not 0 <= seconds <= MOST_SETTLING:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"CMDB_INCIDENT_SETTLE_SECONDS is {seconds:g}, outside 0 to {MOST_SETTLING}.",
            hint="Give the seconds for which a situation may grow before the rule opens its incident.",
            place=Place("environment", field="CMDB_INCIDENT_SETTLE_SECONDS"),
        )
    return None if threshold is None else RuleSettings(threshold, timedelta(seconds=seconds))


def _threshold(text: str) -> Severity | None:
    if text.lower() == "off":
        return None
    try:
        severity = Severity(text)  # type: ignore[arg-type]
    except ValueError:
        severity = Severity.OK
    if severity is Severity.OK:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"CMDB_INCIDENT_SEVERITY is '{text[:40]}', no severity that calls for an incident.",
            hint="Set it to warning, minor, major, critical or off.",
            place=Place("environment", field="CMDB_INCIDENT_SEVERITY"),
        )
    return severity


def spare_collector() -> None:
    """Look for cycles seldom, and never among what is there by now: code, declarations, an estate that was read."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def bolt_source() -> BoltSource:
    """Return what reads graphs that are not ours."""
    return BoltRows()


async def back_up(settings: Settings, target: Path, progress: Progress) -> BackupSummary:
    """Write what the store holds into a file, while a server goes on using it."""
    async with _connection(settings) as connection:
        return await write_backup(connection, target, progress)


async def restore(settings: Settings, source: Path, progress: Progress) -> BackupSummary:
    """Fill the store, which must be empty, from a backup file."""
    verbs = read_metamodel(resources.folder("schema")).relationships
    async with _connection(settings) as connection:
        return await read_backup(connection, source, verbs, read_migrations(_migrations()), progress)


@asynccontextmanager
async def _connection(settings: Settings) -> AsyncIterator[Connection]:
    async with _address(settings) as address, open_connection(address) as connection:
        await migrate(connection, read_migrations(_migrations()))
        yield connection


def _migrations() -> Path:
    return resources.folder("schema") / "migrations"


@asynccontextmanager
async def _store(
    address: StoreAddress, metamodel: Metamodel, channels: Sequence[str]
) -> AsyncIterator[Store]:
    verbs = sorted(metamodel.relationships)
    async with open_store(address, verbs, _migrations(), channels) as store:
        yield store


@asynccontextmanager
async def _address(settings: Settings) -> AsyncIterator[StoreAddress]:
    if settings.store_uri is not None:
        yield StoreAddress(
            settings.store_uri, settings.store_user, settings.store_password, settings.store_database
        )
        return
    engine = EmbeddedEngine(settings.data_dir, settings.engine_heap, settings.engine_linger)
    try:
        address = await engine.start()
        async with _watched(engine):
            yield address
    finally:
        await engine.stop()


@asynccontextmanager
async def _watched(engine: EmbeddedEngine) -> AsyncIterator[None]:
    watching = asyncio.create_task(engine.watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
