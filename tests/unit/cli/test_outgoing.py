"""`cmdb outbox`."""

from cmdb.application.application import Application
from cmdb.errors import ErrorCode
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder
from tests.fakes.outbox import FakeOutboxLog
from tests.fakes.runs import FakeRunLog
from tests.support.command_line import CommandLine
from tests.support.small_estate import Bench
from tests.unit.api.test_outbox_fields import DEAD


def line_over(log: FakeOutboxLog) -> CommandLine:
    async def make() -> Bench:
        bench = Bench()
        bench.application = Application(
            bench.graph,
            bench.graph,
            read_metamodel(folder("schema")),
            bench.clock,
            FakeRunLog(bench.graph),
            outbox_log=log,
        )
        return bench

    return CommandLine(make)


def test_dead_entries_are_shown_tried_again_and_given_up() -> None:
    log = FakeOutboxLog()
    log.put(DEAD)
    line = line_over(log)
    shown = line.run("outbox").out
    assert DEAD.key in shown
    assert "403" in shown
    assert "Router down" in line.run("outbox", "--retry", DEAD.key).out
    assert "waiting" in line.run("outbox").out
    assert DEAD.key in line.run("outbox", "--discard", DEAD.key).out
    refused = line.run("outbox", "--discard", DEAD.key)
    assert refused.error is not None
    assert refused.error.code is ErrorCode.NOT_FOUND
