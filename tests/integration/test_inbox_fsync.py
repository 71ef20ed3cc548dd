"""The system calls of a real server: what was acknowledged was flushed to the disk before, each time."""

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.posting import Senders
from tests.support.service import Asker, environment, serving

POSTS = 300
_CALL = re.compile(r"^(?P<thread>\d+) +(?P<text>\w+\(.*)$")
_RESUMED = re.compile(r"^(?P<thread>\d+) +<\.\.\. \w+ resumed>(?P<text>.*)$")
_UNFINISHED = " <unfinished ...>"


@dataclass
class Call:
    """A system call: all that was written of it, and the lines at which it began and ended."""

    text: str
    begun: int
    ended: int | None = None

    @property
    def file(self) -> str:
        """The number of its file or socket."""
        return self.text.partition("(")[2].partition("<")[0]


def calls_of(trace: list[str]) -> list[Call]:
    """Return the calls, those that another thread's interrupted in the trace put together again."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for at, line in enumerate(trace):
        call, resumed = _CALL.match(line), _RESUMED.match(line)
        if call:
            found = Call(call["text"].removesuffix(_UNFINISHED), at)
            calls.append(found)
            if call["text"].endswith(_UNFINISHED):
                open_calls[call["thread"]] = found
            else:
                found.ended = at
        elif resumed and resumed["thread"] in open_calls:
            found = open_calls.pop(resumed["thread"])
            found.text += resumed["text"]
            found.ended = at
    return calls


def unsynced(trace: list[str]) -> tuple[int, int]:
    """Return how many answers were 202, and how many of them no flush of the log came before.

    A flush counts for a request when it began after the request was read, and has ended before the answer.
    """
    calls = calls_of(trace)
    flushes = [
        call for call in calls if re.match(r"f(data)?sync\(\d+<[^>]*inbox.sqlite-wal>\) += 0$", call.text)
    ]
    requests = [call for call in calls if '"POST /webhooks/' in call.text]
    answers = [call for call in calls if '"HTTP/1.1 202 ' in call.text]
    bad = 0
    for answer in answers:
        asked = max(
            call.ended
            for call in requests
            if call.file == answer.file and call.ended is not None and call.ended < answer.begun
        )
        bad += not any(asked < flush.begun and (flush.ended or 0) < answer.begun for flush in flushes)
    return len(answers), bad


REQUEST = '7 recvfrom(9<socket:[1]>, "POST /webhooks/records", 65536) = 22'
FLUSH = "8 fdatasync(5</d/inbox.sqlite-wal>) = 0"
ANSWER = '7 sendto(9<socket:[1]>, "HTTP/1.1 202 Accepted", 21) = 21'


@pytest.mark.parametrize(
    ("trace", "bad"),
    [
        ([REQUEST, FLUSH, ANSWER], 0),
        ([REQUEST, ANSWER, FLUSH], 1),
        ([FLUSH, REQUEST, ANSWER], 1),
        ([REQUEST, FLUSH.replace("= 0", "= -1 EIO (Input/output error)"), ANSWER], 1),
        ([REQUEST, FLUSH.replace(") = 0", " <unfinished ...>"), ANSWER], 1),
        ([REQUEST, FLUSH.replace("wal", "shm"), ANSWER], 1),
        (
            [
                REQUEST,
                "8 fdatasync(5</d/inbox.sqlite-wal> <unfinished ...>",
                ANSWER,
                "8 <... fdatasync resumed>) = 0",
            ],
            1,
        ),
        (
            [
                REQUEST,
                "8 fdatasync(5</d/inbox.sqlite-wal> <unfinished ...>",
                "8 <... fdatasync resumed>) = 0",
                ANSWER,
            ],
            0,
        ),
    ],
)
def test_the_check_tells_early_answers(trace: list[str], bad: int) -> None:
    assert unsynced(trace) == (1, bad)


def _missing(why: str) -> None:
    text = f"NOT CHECKED: that a 202 comes after the flush; {why}"
    if os.environ.get("CMDB_REQUIRE_TOOLS") == "1":
        pytest.fail(text)
    pytest.skip(text)


async def test_each_202_comes_after_its_flush(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        _missing("strace is missing, install the Debian package strace")
    with serving(environment(tmp_path, None)) as (url, child):
        rows = [{"key": "host", "class": "server", "name": "host"}]
        Asker(url).ask("record_items", input={"source": "test", "rows": rows})
        output = tmp_path / "trace"
        calls = "fdatasync,fsync,recvfrom,read,sendto,write,writev"
        with subprocess.Popen(
            ["strace", "-f", "-y", "-s", "24", "-e", f"trace={calls}", "-o", output, "-p", str(child.pid)],
            stderr=subprocess.PIPE,
            text=True,
        ) as tracer:
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            if "attached" not in said:
                _missing(f"strace may not attach here: {said}")
            senders = Senders(lambda: url, "traced", 8, POSTS)
            await senders.run()
            tracer.send_signal(signal.SIGINT)
            tracer.wait(30)
    answered, bad = unsynced(output.read_text(errors="replace").splitlines())
    assert senders.total <= answered
    assert bad == 0
