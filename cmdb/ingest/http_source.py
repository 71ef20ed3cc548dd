"""Fetches a list page by page over HTTP: only from the host that was named, at the pace that it asks for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

import httpx
import stamina
from pydantic_core import from_json

from cmdb.errors import ErrorCode, InvalidInput, NotFound, Place
from cmdb.ingest.document import Bytes, Remark, too_large
from cmdb.ports.bolt_source import Access

SCHEMES = ("http", "https")
PAGE_LIMIT = 1 << 25
"""Bytes of one answer."""

PAGES_LIMIT = 100_000
ATTEMPTS = 6
PATIENCE = 600.0
"""Seconds that all attempts for one page may take, waits that the source asks for included."""

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_RETRIED = {408, 425, 429, 500, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}
_NEXT = (("next",), ("links", "next"), ("_links", "next"), ("nextLink",), ("@odata.nextLink",))
"""Where answers keep the address of their next page."""

_CURSORS = ((("metadata", "continue"), "continue"), (("pageInfo", "nextCursor"), "cursor"))
"""Where answers keep a mark for the next page, and the parameter that takes it."""

_OFFSETS = (("limit", "offset"), ("sysparm_limit", "sysparm_offset"))


class _Retry(Exception):
    """An answer that may be better later; `wait` is what the source asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def is_http(path: str) -> bool:
    """Whether the path is an address to fetch from."""
    return path.startswith(("http://", "https://"))


def fetch_pages(url: str, access: Access, scheme: str, remark: Remark) -> Iterator[tuple[str, Bytes]]:
    """Yield the bytes of each page with its address; `scheme` is put before the token.

    BAD_ARGUMENT for an address that is none, SOURCE_UNREACHABLE, SOURCE_STRAYED when the source leads to another host.
    """
    origin = _checked(url)
    headers = {"Accept": "application/json, text/csv;q=0.5, */*;q=0.1"}
    if access.token:
        headers["Authorization"] = access.token if " " in access.token else f"{scheme} {access.token}"
        if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in _LOOPBACK:
            remark(f"{origin}: the token goes over an unencrypted connection.")
    seen: set[str] = set()
    following: str | None = url
    with httpx.Client(headers=headers, timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
        while following is not None:
            if following in seen or len(seen) >= PAGES_LIMIT:
                raise _strayed("The pages never end: an address comes again.", following)
            seen.add(following)
            content, links = _page(client, following)
            yield following, BytesIO(content)
            following = _following(following, content, links)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.username or parts.password:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            "This is no address to fetch from.",
            hint="Give http(s)://host/path; the token goes into CMDB_SOURCE_TOKEN, not into the address.",
            place=Place(_shown(url)),
        )
    return _shown(url)


def _shown(url: str) -> str:
    """Return the address without what may be secret in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _page(client: httpx.Client, url: str) -> tuple[bytes, str | None]:
    """Return the body and the address in the Link header; redirects are followed within the host."""
    for _ in range(5):
        status, headers, content = _answer(client, url)
        if status in _REDIRECTS:
            url = _same_host(url, headers.get("location", ""))
            continue
        if status != httpx.codes.OK:
            raise NotFound(
                ErrorCode.SOURCE_UNREACHABLE,
                f"The source answered {status}.",
                hint="Check the address and the token in CMDB_SOURCE_TOKEN or CMDB_SOURCE_TOKEN_FILE.",
                place=Place(_shown(url)),
            )
        link = httpx.Response(200, headers=headers).links.get("next", {}).get("url")
        return content, link
    raise _strayed("The source redirects in a circle.", url)


def _answer(client: httpx.Client, url: str) -> tuple[int, httpx.Headers, bytes]:
    try:
        for attempt in stamina.retry_context(on=_backoff, attempts=ATTEMPTS, timeout=PATIENCE, wait_max=30.0):
            with attempt:
                return _once(client, url)
    except (_Retry, httpx.HTTPError) as error:
        raise NotFound(
            ErrorCode.SOURCE_UNREACHABLE,
            f"The source did not answer: {str(error) or type(error).__name__}.",
            hint="Try again later, or check the address.",
            place=Place(_shown(url)),
        ) from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def _once(client: httpx.Client, url: str) -> tuple[int, httpx.Headers, bytes]:
    with client.stream("GET", url) as response:
        if response.status_code in _RETRIED:
            raise _Retry(f"status {response.status_code}", _retry_after(response.headers.get("retry-after")))
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > PAGE_LIMIT:
                raise too_large(Place(_shown(url)), "page", PAGE_LIMIT)
        return response.status_code, response.headers, bytes(content)


def _backoff(error: Exception) -> bool | float:
    if isinstance(error, _Retry):
        return True if error.wait is None else error.wait
    return isinstance(error, httpx.TransportError)


def _retry_after(text: str | None) -> float | None:
    """Read seconds or a date; nothing if it is neither."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _following(url: str, content: bytes, link: str | None) -> str | None:
    """Return the address of the next page, None after the last."""
    try:
        page = from_json(content)
    except ValueError:
        page = None
    if link is None:
        link = next((found for path in _NEXT if (found := _address(_at(page, path)))), None)
    if link is not None:
        return _same_host(url, link)
    for path, parameter in _CURSORS:
        if (mark := _at(page, path)) and isinstance(mark, str):
            return _with(url, parameter, mark)
    return _next_offset(url, page)


def _at(page: object, path: tuple[str, ...]) -> object:
    for name in path:
        if not isinstance(page, dict):
            return None
        page = page.get(name)
    return page


def _address(found: object) -> str | None:
    if isinstance(found, dict):
        found = found.get("href") or found.get("url")
    return found if isinstance(found, str) and found else None


def _next_offset(url: str, page: object) -> str | None:
    """Count on where the caller asked for a first part by limit and offset, until a page is not full."""
    asked = parse_qs(urlsplit(url).query)
    rows = (
        page
        if isinstance(page, list)
        else next(
            (row for row in page.values() if isinstance(row, list)) if isinstance(page, dict) else iter(()),
            [],
        )
    )
    for limit, offset in _OFFSETS:
        size, start = asked.get(limit, [""])[0], asked.get(offset, [""])[0]
        if size.isdecimal() and start.isdecimal() and 0 < int(size) <= len(rows):
            return _with(url, offset, str(int(start) + int(size)))
    return None


def _with(url: str, parameter: str, value: str) -> str:
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True) | {parameter: [value]}
    return urlunsplit(parts._replace(query=urlencode(query, doseq=True)))


def _same_host(url: str, link: str) -> str:
    """Join a link to the address; behind a proxy a host may name itself with another scheme or port."""
    here, there = urlsplit(url), urlsplit(urljoin(url, link))
    if there.scheme not in SCHEMES or there.hostname != here.hostname:
        raise _strayed(f"The source leads to another host, {there.hostname}.", url)
    return urlunsplit(there._replace(scheme=here.scheme, netloc=here.netloc, fragment=""))


def _strayed(message: str, url: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.SOURCE_STRAYED,
        message,
        hint="Fetch from that address by name, if you trust it.",
        place=Place(_shown(url)),
    )
