"""HTTP calls to other systems: bounded in time and size, without redirects, failures told apart."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any

import httpx

from cmdb.ports.outbox import DeliveryFailed

TIMEOUT = 15.0
"""Seconds that one call may take."""

BODY_LIMIT = 4 * 1024 * 1024
WAIT_LIMIT = 3600.0
"""A server that asks for a longer pause is asked again after this."""

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def open_http(
    address: str = "", auth: tuple[str, str] | None = None, headers: dict[str, str] | None = None
) -> httpx.AsyncClient:
    """Return a client of one host; the environment's proxies and a redirect to another host are not followed."""
    return httpx.AsyncClient(
        base_url=address, auth=auth, headers=headers, timeout=TIMEOUT, trust_env=False, follow_redirects=False
    )


async def call(http: httpx.AsyncClient, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the decoded JSON of a success, None for an empty one; DeliveryFailed says whether it may pass."""
    response, content = await send(http, method, path, **sent)
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = f"{_host(response.request.url)} answered {response.status_code} with no JSON"
        raise DeliveryFailed(reason, passing=True) from error


async def send(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    **sent: Any,  # noqa: ANN401 - httpx's own keywords
) -> tuple[httpx.Response, bytes]:
    """Return a successful response and its content; raises DeliveryFailed for every other."""
    try:
        async with http.stream(method, path, **sent) as response:
            content = await _read(response)
    except httpx.InvalidURL as error:
        raise DeliveryFailed(f"the channel's url is no address: {error}", passing=False) from error
    except httpx.HTTPError as error:
        place = f"{http.base_url}{path}" if _is_ours(path) else _host(httpx.URL(path))
        raise DeliveryFailed(f"{type(error).__name__} at {place}", passing=True) from error
    if response.is_success:
        return response, content
    status = response.status_code
    told = content[:200].decode("utf-8", "replace").replace("\n", " ")
    if not _is_ours(path):
        told = _without(response.request.url, told)
    raise DeliveryFailed(
        f"{method} {path if _is_ours(path) else _host(response.request.url)} was answered {status}: {told}",
        passing=status in _PASSING,
        wait=_wait(response),
    )


def _is_ours(path: str) -> bool:
    """Whether we made the path, which then holds no secret, as the whole address of a webhook may."""
    return path.startswith("/")


def _host(url: httpx.URL) -> str:
    """Name a place without what may be secret in its address."""
    return f"{url.scheme}://{url.netloc.decode('ascii').rpartition('@')[2]}"


def _without(url: httpx.URL, text: str) -> str:
    """Take out what an answer repeats of the address."""
    for part in (url.raw_path.decode("ascii"), url.path, url.query.decode("ascii")):
        if len(part) > 1:
            text = text.replace(part, "…")
    return text


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > BODY_LIMIT:
            raise DeliveryFailed(
                f"{_host(response.request.url)} answered more than {BODY_LIMIT} bytes", passing=True
            )
    return bytes(content)


def _wait(response: httpx.Response) -> float | None:
    """Return the seconds of Retry-After, which may also name a moment."""
    text = response.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (aware - datetime.now(UTC)).total_seconds()
    return None if isnan(seconds) else min(max(seconds, 0.0), WAIT_LIMIT)
