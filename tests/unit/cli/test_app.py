"""The command line ends every run with an answer or with a coded error."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
import typer

from cmdb.__main__ import main
from cmdb.cli.app import SHARED, USABLE, build_cli, run_cli, shared_first
from cmdb.errors import ErrorCode, NotFound
from cmdb.resources import folder
from tests.support.command_line import CommandLine, nothing

QUESTIONS = {"impact", "changes", "causes", "whatif", "intake", "timeline", "search", "get", "topology"}


def one_command(error: Exception) -> typer.Typer:
    cli = typer.Typer(pretty_exceptions_enable=False)

    @cli.command()
    def raise_it() -> None:
        raise error

    return cli


@pytest.fixture(autouse=True)
def arguments() -> Iterator[list[str]]:
    """The process's arguments, empty, and restored afterwards."""
    kept = sys.argv[1:]
    sys.argv[1:] = []
    yield sys.argv
    sys.argv[1:] = kept


def test_every_command_explains_itself() -> None:
    registered = build_cli().registered_commands
    names = {row.name or getattr(row.callback, "__name__", "") for row in registered}
    assert QUESTIONS | {"serve", "load", "doctor"} <= names
    for name in sorted(names):
        assert CommandLine(nothing).run(name, "--help").code == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotFound(ErrorCode.NOT_FOUND, "Gone."), "NOT_FOUND: Gone.\n"),
        (
            FileNotFoundError(2, "No such file or directory", "gone.json"),
            f"BAD_ARGUMENT at gone.json: It cannot be used: No such file or directory.\nhint: {USABLE}\n",
        ),
        (OSError("odd"), "INTERNAL: OSError: odd\nhint: This is a fault of ours.\n"),
        (ValueError("odd"), "INTERNAL: ValueError: odd\nhint: This is a fault of ours.\n"),
    ],
)
def test_no_error_shows_a_stack_trace(
    error: Exception, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_cli(one_command(error))
    assert (caught.value.code, capsys.readouterr().err) == (1, told)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    sys.argv[1:] = ["--version"]
    with pytest.raises(SystemExit) as caught:
        main()
    declared = tomllib.loads((folder("schema").parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert (caught.value.code, capsys.readouterr().out) == (0, f"cmdb {declared['project']['version']}\n")


WRITING = """
import sys
import typer
from cmdb.cli.app import run_cli
from cmdb.cli.session import OutputFormat, write
output = OutputFormat(sys.argv.pop())
cli = typer.Typer()
cli.command()(lambda: write({"name": "z\\xfcrich"}, output, lambda name: [name]))
run_cli(cli)
"""

INTERRUPTED = """
import sys
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "cmdb.cli.client":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
import cmdb.__main__
"""


def test_an_interrupt_while_the_program_is_read_shows_no_stack_trace() -> None:
    ran = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (130, "")


@pytest.mark.parametrize(("output", "told"), [("table", "z\\xfcrich"), ("json", "z\\u00fcrich")])
def test_a_terminal_without_umlauts_is_shown_escapes(output: str, told: str) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", WRITING, output]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert told in ran.stdout


def test_the_entry_point_offers_the_demo_too(capsys: pytest.CaptureFixture[str]) -> None:
    sys.argv[1:] = ["demo", "--help"]
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "--transcript" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("impact vpn --as-of NOW -o json", "--as-of NOW impact vpn -o json"),
        ("impact vpn --as=desk --url http://a", "--as=desk --url http://a impact vpn"),
        ("--as desk impact vpn", "--as desk impact vpn"),
        ("get -- --as", "get -- --as"),
        ("impact vpn --as", "--as impact vpn"),
        ("ticket open --event e --known-at x", "--known-at x ticket open --event e"),
        ("", ""),
    ],
)
def test_shared_options_may_stand_after_the_command(given: str, read: str) -> None:
    assert shared_first(given.split()) == read.split()


def test_the_shared_options_are_those_that_the_program_has() -> None:
    callback = typer.main.get_command(build_cli())
    taking = {
        name for option in callback.params for name in option.opts if name not in ("--version", "--help")
    }
    assert taking == SHARED
