"""Backup and restore: the graph as of one revision into a file, and a file into an empty store of either engine."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cmdb.errors import ErrorCode, InvalidInput, Place, StoreError
from cmdb.store.archive_file import FORMAT, Archive, ArchiveWriter, Header, Seal
from cmdb.store.bookkeeping import OF_OUTBOX, OF_RUNS, books_hash, read_books
from cmdb.store.canonical import hash_at
from cmdb.store.connection import Connection
from cmdb.store.cut import read_cut
from cmdb.store.head import Head
from cmdb.store.migrations import Migration, reapply, schema_version
from cmdb.store.restoring import begin, draw_links, end, write_entries
from cmdb.store.shape import LINKS

Progress = Callable[[int], None]
"""Is told, now and then, how many entries are done."""


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds: present records and superseded states as of a revision, and what is kept beside them.

    The size is in bytes; the hash is that of the records and their past.
    """

    records: int
    versions: int
    beside: int
    revision: int
    content_hash: str
    size: int


async def write_backup(connection: Connection, target: Path, progress: Progress) -> BackupSummary:
    """Write the graph as of its last revision to the file; writers go on meanwhile."""
    of_runs = [entry async for entry in read_books(connection, OF_RUNS, 0)]
    revision = await Head(connection).read()
    header = Header(FORMAT, await schema_version(connection), revision)
    with ArchiveWriter(target, header) as writer:
        writer.add(of_runs)
        async for entries in read_cut(connection, revision):
            writer.add(entries)
            progress(writer.count)
        writer.add([entry async for entry in read_books(connection, OF_OUTBOX, revision)])
        seal = writer.seal()
    return _summary(header, seal, writer.size)


async def read_backup(
    connection: Connection,
    source: Path,
    verbs: Collection[str],
    migrations: Sequence[Migration],
    progress: Progress,
) -> BackupSummary:
    """Fill an empty, migrated store from the file and prove that it holds the same.

    The whole file is checked first. Until the end there is no counter, so no service reads or writes the store;
    a restore that was interrupted is cleared away by the next one.
    """
    archive = Archive(source)
    _check_schema(archive, len(migrations))
    _check_verbs(archive, verbs)
    await begin(connection)
    await write_entries(connection, archive.entries(), progress)
    await draw_links(connection, archive.entries(LINKS))
    found = await hash_at(connection, archive.header.revision)
    books = await books_hash(connection, archive.header.revision)
    if (found, books) != (archive.seal.content, archive.seal.books):
        raise StoreError(
            ErrorCode.RESTORE_DIFFERS,
            f"The store holds content {found} and {books} beside it, the backup {archive.seal.content} and "
            f"{archive.seal.books}.",
            hint="Keep others from writing to this database and run the restore again: it starts over.",
            place=Place(str(source)),
        )
    await reapply(connection, migrations[archive.header.schema :])
    await end(connection, archive.header.revision)
    return _summary(archive.header, archive.seal, archive.size)


def _check_schema(archive: Archive, known: int) -> None:
    if archive.header.schema > known:
        raise InvalidInput(
            ErrorCode.BACKUP_TOO_NEW,
            f"The backup is of schema version {archive.header.schema}, this program knows {known}.",
            hint="Install the program version that wrote it, or a later one.",
            place=Place(str(archive.source)),
        )


def _check_verbs(archive: Archive, verbs: Collection[str]) -> None:
    """Refuse verbs outside the closed set: they become part of statements."""
    unknown = sorted(archive.verbs.difference(verbs))
    if unknown:
        raise InvalidInput(
            ErrorCode.UNKNOWN_VERB,
            f"The backup holds dependencies of the verb '{unknown[0]}', which is not declared.",
            hint="Declare it in schema/relationships.yaml and restore again; nothing was written.",
            place=Place(str(archive.source)),
        )


def _summary(header: Header, seal: Seal, size: int) -> BackupSummary:
    return BackupSummary(seal.records, seal.versions, seal.beside, header.revision, seal.content, size)
