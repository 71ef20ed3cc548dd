"""Reads the file that names the channels, and opens them; secrets stand in files of their own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cmdb.outbound.calling import open_http
from cmdb.outbound.jira import Jira
from cmdb.outbound.servicenow import ServiceNow
from cmdb.outbound.webhook import Webhook, read_secret
from cmdb.ports.clock import Clock
from cmdb.ports.outbox import Channel
from cmdb.yaml_text import Entry, read_entry

KINDS = ("webhook", "servicenow", "jira")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def read_channels(path: Path | None) -> list[Entry]:
    """Return the declared channels, none without a file; DeclarationError names the first fault."""
    if path is None:
        return []
    document = read_entry(path, path.name)
    document.allow("channels")
    return list(document.entries("channels"))


@asynccontextmanager
async def open_channels(entries: Sequence[Entry], clock: Clock) -> AsyncIterator[list[Channel]]:
    """Open an HTTP client for each; paths of secrets are relative to the working directory."""
    async with AsyncExitStack() as stack:
        yield [await _open(stack, entry, clock) for entry in entries]


async def _open(stack: AsyncExitStack, entry: Entry, clock: Clock) -> Channel:
    kind = entry.text("kind")
    if kind == "webhook":
        entry.allow("kind", "url", "secret_files")
        http = await stack.enter_async_context(open_http())
        return Webhook(entry.name, http, _url(entry), _keys(entry), clock)
    if kind == "servicenow":
        entry.allow("kind", "url", "user", "secret_file", "prefix")
        http = await stack.enter_async_context(open_http(_url(entry), _login(entry)))
        return ServiceNow(entry.name, http, entry.text("prefix", "cmdb"))
    if kind == "jira":
        entry.allow("kind", "url", "user", "secret_file", "prefix", "project", "issue_type")
        http = await stack.enter_async_context(open_http(_url(entry), _login(entry)))
        project, issue_type = entry.text("project"), entry.text("issue_type")
        return Jira(entry.name, http, project, issue_type, entry.text("prefix", "cmdb"))
    raise entry.fault(f"There is no kind '{kind}'.", f"Known kinds: {', '.join(KINDS)}.", "kind")


def _url(entry: Entry) -> str:
    url = entry.text("url")
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url.rstrip("/")
    raise entry.fault(f"'{url}' is no safe address.", "Use https, or http on this machine.", "url")


def _login(entry: Entry) -> tuple[str, str]:
    return entry.text("user"), _secret(entry, "secret_file", entry.text("secret_file"))


def _keys(entry: Entry) -> list[bytes]:
    files = entry.names("secret_files")
    if not files:
        raise entry.fault("No file of a secret is named.", "Name one under 'secret_files'.", "secret_files")
    try:
        return [read_secret(_secret(entry, "secret_files", path)) for path in files]
    except ValueError as error:
        raise entry.fault(f"The secret is wrong: {error}.", "Write it anew.", "secret_files") from error


def _secret(entry: Entry, field: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise entry.fault(
            f"The secret in '{path}' cannot be read: {type(error).__name__}.",
            "Name a readable file that holds only the secret.",
            field,
        ) from error
