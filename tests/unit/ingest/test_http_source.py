"""Lists are fetched page by page from a real server on this machine; nothing leaves the host that was named."""

import json
from collections.abc import Iterator

import pytest
import stamina

from cmdb.errors import CmdbError, ErrorCode
from cmdb.ingest.formats import Format
from cmdb.ingest.http_source import PAGE_LIMIT, fetch_pages
from cmdb.ingest.inputs import Reading, read_inputs
from cmdb.ports.bolt_source import Access
from tests.support.page_server import Source, serve_pages


@pytest.fixture
def source() -> Iterator[Source]:
    with serve_pages() as served:
        yield served


@pytest.fixture
def eager() -> Iterator[None]:
    """Try as often as in earnest, without the waits in between."""
    with stamina.set_testing(True, attempts=3):
        yield


def fetch(source: Source, path: str, access: Access | None = None) -> list[object]:
    pages = fetch_pages(source.url + path, access or Access(), "Token", lambda _: None)
    return [json.loads(stream.read(1 << 20)) for _, stream in pages]


def refusal(source: Source, path: str) -> CmdbError:
    with pytest.raises(CmdbError) as caught:
        fetch(source, path)
    return caught.value


@pytest.mark.parametrize("where", ["next", "nextLink", "@odata.nextLink"])
def test_pages_are_followed_by_their_links(source: Source, where: str) -> None:
    source.page("/a?p=1", {"results": [1], where: f"{source.url}/a?p=2"})
    source.page("/a?p=2", {"results": [2], where: None})
    assert [page["results"] for page in fetch(source, "/a?p=1")] == [[1], [2]]  # type: ignore[index] # JSON


def test_a_host_that_names_itself_with_another_port_is_the_same_host(source: Source) -> None:
    source.page("/a", {"next": "https://127.0.0.1:9/a?p=2"})
    source.page("/a?p=2", {"next": None})
    assert len(fetch(source, "/a")) == 2


def test_pages_are_followed_by_the_link_header(source: Source) -> None:
    source.page("/a", [1], Link='</a?p=2>; rel="next"')
    source.page("/a?p=2", [2])
    assert fetch(source, "/a") == [[1], [2]]


def test_pages_are_followed_by_marks(source: Source) -> None:
    source.page("/k?limit=1", {"items": [1], "metadata": {"continue": "m&1"}})
    source.page("/k?limit=1&continue=m%261", {"items": [2], "metadata": {}})
    source.page("/b", {"items": [1], "pageInfo": {"nextCursor": "c"}})
    source.page("/b?cursor=c", {"items": [2], "pageInfo": {}})
    assert len(fetch(source, "/k?limit=1")) == 2
    assert len(fetch(source, "/b")) == 2


def test_pages_are_counted_where_the_caller_asked_by_offset(source: Source) -> None:
    source.page("/s?sysparm_limit=2&sysparm_offset=0", {"result": [1, 2]})
    source.page("/s?sysparm_limit=2&sysparm_offset=2", {"result": [3]})
    assert len(fetch(source, "/s?sysparm_limit=2&sysparm_offset=0")) == 2


def test_the_token_is_sent_in_the_sources_own_way(source: Source) -> None:
    source.page("/a", [])
    fetch(source, "/a", Access("secret"))
    fetch(source, "/a", Access("Basic dTpw"))
    fetch(source, "/a")
    assert [given for _, given in source.asked] == ["Token secret", "Basic dTpw", None]


@pytest.mark.parametrize(
    "link", ["http://192.0.2.1/a", "https://example.org/", "file:///etc/passwd", "//evil.example/a"]
)
def test_a_link_to_another_host_is_not_followed(source: Source, link: str) -> None:
    source.page("/a", {"next": link})
    assert refusal(source, "/a").code is ErrorCode.SOURCE_STRAYED


def test_redirects_are_followed_within_the_host_only(source: Source) -> None:
    source.page("/b", [1])
    source.pages["/a"] = lambda _: (302, {"Location": "/b"}, b"")
    source.pages["/out"] = lambda _: (302, {"Location": "http://192.0.2.1/"}, b"")
    source.pages["/ring"] = lambda _: (302, {"Location": "/ring"}, b"")
    assert fetch(source, "/a") == [[1]]
    assert refusal(source, "/out").code is ErrorCode.SOURCE_STRAYED
    assert refusal(source, "/ring").code is ErrorCode.SOURCE_STRAYED


def test_pages_that_go_in_a_circle_end(source: Source) -> None:
    source.page("/a", {"next": "/b"})
    source.page("/b", {"next": "/a"})
    assert refusal(source, "/a").code is ErrorCode.SOURCE_STRAYED


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("status", [429, 503])
def test_a_source_that_is_busy_is_asked_again(source: Source, status: int) -> None:
    source.pages["/a"] = lambda times: (status, {"Retry-After": "0"}, b"") if times < 2 else (200, {}, b"[1]")
    assert fetch(source, "/a") == [[1]]
    assert len(source.asked) == 3


@pytest.mark.usefixtures("eager")
def test_a_source_that_stays_busy_is_given_up(source: Source) -> None:
    source.pages["/a"] = lambda _: (503, {}, b"")
    error = refusal(source, "/a")
    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert "503" in error.message


def test_a_refusal_is_told_without_what_is_secret(source: Source) -> None:
    source.pages["/a?key=hidden"] = lambda _: (401, {}, b"")
    error = refusal(source, "/a?key=hidden")
    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert "hidden" not in f"{error} {error.place}"
    assert len(source.asked) == 1


def test_a_page_is_bounded(source: Source) -> None:
    source.page("/a", b" " * (PAGE_LIMIT + 1))
    assert refusal(source, "/a").code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize("url", ["http://u:p@127.0.0.1/", "http:///a", "https://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(CmdbError) as caught:
        next(fetch_pages(url, Access(), "Bearer", print))
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


def test_an_unencrypted_token_is_remarked_before_it_is_sent() -> None:
    said: list[str] = []
    pages = fetch_pages("http://0.0.0.0:1/", Access("t"), "Bearer", said.append)
    with stamina.set_testing(True, attempts=1), pytest.raises(CmdbError):
        next(pages)
    assert len(said) == 1


def test_pages_become_documents_of_the_loaders_format(source: Source) -> None:
    source.page("/a", {"results": [1], "next": "/a?p=2"})
    source.page("/a?p=2", {"results": [2], "next": None})
    documents = list(read_inputs([source.url + "/a"], Reading(format=Format.JSON)))
    assert [name for name, _ in documents] == [source.url + "/a", source.url + "/a?p=2"]
    assert documents[1][1].value == {"results": [2], "next": None}
