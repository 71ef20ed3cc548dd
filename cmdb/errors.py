"""One error tree; every public error has a stable code, a place and a next step.

CmdbError
├── InvalidInput       what was sent cannot be taken; nothing was written
├── NotFound           the thing named does not exist, or is hidden from the caller
├── Forbidden          the caller may not do this
├── Conflict           the request contradicts the present state
├── Overloaded         too much is waiting already; nothing was written
├── DeclarationError   a file under `schema/`, `loaders/` or `seeds/` is wrong
└── StoreError         the store cannot serve
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ErrorCode(StrEnum):
    """The closed set of public codes; each carries one sentence that goes into `graphql/errors.json`."""

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        """Attach the description to the code."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    SYNTAX = "SYNTAX", "The input is not well formed in its own format."
    WRONG_TYPE = "WRONG_TYPE", "A field holds a value of the wrong type or outside its closed set."
    MISSING_FIELD = "MISSING_FIELD", "A required field is absent or empty."
    UNKNOWN_FIELD = "UNKNOWN_FIELD", "A record carries a field that its kind does not have."
    UNKNOWN_KIND = "UNKNOWN_KIND", "A record is of no known kind."
    UNKNOWN_CLASS = "UNKNOWN_CLASS", "The CI class is not declared in schema/classes."
    UNKNOWN_ATTRIBUTE = "UNKNOWN_ATTRIBUTE", "The CI class has no such attribute."
    UNKNOWN_VERB = "UNKNOWN_VERB", "The relationship verb is not declared in schema/relationships.yaml."
    VERB_ENDS = "VERB_ENDS", "The verb may not join these two classes."
    UNKNOWN_GROUP = (
        "UNKNOWN_GROUP",
        "The dependency names a redundancy group that its consumer does not declare.",
    )
    DANGLING_END = (
        "DANGLING_END",
        "A record refers to something that exists neither in the batch nor in the store.",
    )
    DUPLICATE_KEY = "DUPLICATE_KEY", "Two records of one batch have the same kind and key."
    BAD_INTERVAL = "BAD_INTERVAL", "An end lies before its start."
    BAD_CURSOR = "BAD_CURSOR", "The page cursor was not made by this service or for this list."
    BAD_ID = "BAD_ID", "The global id cannot be decoded."
    BAD_ARGUMENT = "BAD_ARGUMENT", "An argument is out of range or contradicts another."
    TOO_LARGE = "TOO_LARGE", "The input is larger than the stated limit."
    TOO_COSTLY = "TOO_COSTLY", "The GraphQL document asks for more than the stated cost limit."
    HOSTILE_DOCUMENT = "HOSTILE_DOCUMENT", "The document uses a construct that only attacks need."
    UNKNOWN_LOADER = "UNKNOWN_LOADER", "There is no loader of that name."
    SOURCE_UNREACHABLE = "SOURCE_UNREACHABLE", "A source to fetch from did not answer, or refused to."
    SOURCE_STRAYED = "SOURCE_STRAYED", "A source leads to another host, or in a circle."
    MAPPING_FAILED = "MAPPING_FAILED", "The jq program of a loader failed on a document."
    DECLARATION = "DECLARATION", "A declaration file is wrong."
    CYCLIC_DECLARATION = "CYCLIC_DECLARATION", "Declarations refer to each other in a circle."
    NOT_FOUND = "NOT_FOUND", "Nothing visible to the caller has this reference."
    AMBIGUOUS = "AMBIGUOUS", "The reference fits more than one thing."
    FORBIDDEN = "FORBIDDEN", "The caller's role does not allow this."
    CONFLICT = "CONFLICT", "The request contradicts the present state."
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION", "The ticket or change cannot move from its state to that one."
    OVERLOADED = "OVERLOADED", "Too many writes are waiting; this one was not taken."
    ROLE_LOST = "ROLE_LOST", "Another server has taken over the background duties of this store."
    INBOX_BROKEN = "INBOX_BROKEN", "The inbox cannot be written; what was sent is not kept."
    INBOX_FULL = "INBOX_FULL", "The inbox is filling up faster than it is applied."
    DRAINING = "DRAINING", "The server is stopping and takes no new work."
    FEED_BUSY = "FEED_BUSY", "Another run of the same source and scope is under way."
    RUN_OVERTAKEN = "RUN_OVERTAKEN", "A run that started later has already been closed."
    PLAN_REFUSED = (
        "PLAN_REFUSED",
        "The run would do what looks like a broken feed; a person must approve its plan.",
    )
    PLAN_CHANGED = "PLAN_CHANGED", "The approved plan is not the one that the run would carry out now."
    BEHIND = "BEHIND", "The asked-for revision has not been reached within the time limit."
    ENGINE_CANNOT_START = "ENGINE_CANNOT_START", "The embedded engine did not come up."
    STORE_URI = "STORE_URI", "The store address is malformed."
    STORE_UNREACHABLE = "STORE_UNREACHABLE", "Nothing answers at the store's address."
    STORE_CREDENTIALS = "STORE_CREDENTIALS", "The store refused the user name or password."
    STORE_TOO_NEW = "STORE_TOO_NEW", "The store was migrated by a newer version of this program."
    STORE_GONE = "STORE_GONE", "The connection to the store was lost."
    STORE_NOT_EMPTY = "STORE_NOT_EMPTY", "The store holds data where an empty one is needed."
    STORE_UNFINISHED = "STORE_UNFINISHED", "A restore into this store was begun and has not ended."
    STORE_UNWRITABLE = (
        "STORE_UNWRITABLE",
        "The store answers but could not keep a write, as with a full disk.",
    )
    FOREIGN_WRITE = "FOREIGN_WRITE", "Somebody changed the store past this service."
    STORE_CONFLICT = "STORE_CONFLICT", "The store could not settle concurrent writes in time."
    MIGRATION_CHANGED = "MIGRATION_CHANGED", "A migration that was already applied differs from its file."
    MIGRATION_PENDING = (
        "MIGRATION_PENDING",
        "The store lacks a migration that this program needs, or one is under way.",
    )
    MIGRATION_FAILED = "MIGRATION_FAILED", "A migration could not be applied."
    PROJECTION_UNVERIFIED = (
        "PROJECTION_UNVERIFIED",
        "The picture of the estate in memory is not known to be that of the store.",
    )
    BACKUP_DAMAGED = "BACKUP_DAMAGED", "The backup file is not as it was written."
    BACKUP_TOO_NEW = "BACKUP_TOO_NEW", "The backup was written by a newer version of this program."
    RESTORE_DIFFERS = "RESTORE_DIFFERS", "What a restore left in the store is not what the backup holds."
    SERVER_UNREACHABLE = "SERVER_UNREACHABLE", "Nothing answers at the server's address."
    INTERNAL = "INTERNAL", "A fault of the service itself; the request id finds it in the log."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault was found: a file or request, then line, record and field as far as known."""

    source: str
    line: int | None = None
    record: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        """Read as `file:line, record, field`."""
        head = self.source if self.line is None else f"{self.source}:{self.line}"
        tail = [f"record {self.record}"] if self.record else []
        tail += [f"field {self.field}"] if self.field else []
        return ", ".join([head, *tail])


class CmdbError(Exception):
    """A public error: stable code, observed fact, place, and what to do next."""

    def __init__(self, code: ErrorCode, message: str, *, hint: str = "", place: Place | None = None) -> None:
        """Keep the parts apart; `str()` joins them for a terminal."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        """Read as `CODE at place: message. hint`."""
        where = f" at {self.place}" if self.place else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{self.code.value}{where}: {self.message}{advice}"


class InvalidInput(CmdbError):
    """What was sent cannot be taken; nothing was written."""


class NotFound(CmdbError):
    """The thing named does not exist, or is hidden from the caller; the two are not told apart."""


class Forbidden(CmdbError):
    """The caller may not do this."""


class Conflict(CmdbError):
    """The request contradicts the present state."""


class Overloaded(CmdbError):
    """Too much is waiting already; nothing was written. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Say when to come back."""
        super().__init__(ErrorCode.OVERLOADED, message, hint=f"Send it again in {retry_after} s.")
        self.retry_after = retry_after


class DeclarationError(CmdbError):
    """A file under `schema/`, `loaders/` or `seeds/` is wrong."""


class StoreError(CmdbError):
    """The store cannot serve."""
