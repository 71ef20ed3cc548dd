"""Documents say what is there: links, names of settings, targets and commands, and nothing of any one machine."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cmdb.cli.app import build_cli
from tests.architecture.source_tree import ROOT, text_files

_MARKDOWN = text_files(".md")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# Written in pieces, so that this file does not hold what it forbids.
_REGISTRIES = (
    "py" + r"pi\.org",
    "python" + "hosted",
    r"repo1?\." + "maven",
    "registry" + r"\.npmjs",
    "deb" + r"\.debian\.org",
    "crates" + r"\.io",
    "proxy" + r"\.golang",
)
_MACHINES = tuple(f"(?<![a-z.])/{folder}" for folder in ("work/", "farm/", r"root/\.", "tmp/v/", "tmp/spec/"))
_FORBIDDEN = {"package registry": "|".join(_REGISTRIES), "path of one machine": "|".join(_MACHINES)}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def _slugs(path: Path) -> set[str]:
    headings = re.findall(
        r"^#+ (.+)$", _CODE.sub(lambda code: code[0].replace("#", ""), _text(path)), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _broken_links(path: Path) -> Iterator[str]:
    for target in _LINK.findall(_CODE.sub("", _text(path))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        if not aim.exists() or (anchor and anchor not in _slugs(aim)):
            yield target


@pytest.mark.parametrize("path", _MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    assert list(_broken_links(path)) == []


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(_FORBIDDEN[what])
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in text_files()
        for hit in [pattern.search(_text(path))]
        if hit
    ]
    assert found == []


def test_readme_explains_every_setting() -> None:
    settings = set(re.findall(r'"(CMDB_[A-Z_]+)"', _text(ROOT / "cmdb" / "settings.py")))
    told = set(re.findall(r"CMDB_[A-Z_]+", _text(ROOT / "README.md")))
    assert settings, "the rule found no setting"
    assert settings - told == set()


def test_documents_name_no_setting_that_nothing_reads() -> None:
    read = set(re.findall(r"CMDB_[A-Z_0-9]+", "".join(_text(path) for path in text_files(".py"))))
    told = {name for path in _MARKDOWN for name in re.findall(r"CMDB_[A-Z_0-9]+[A-Z0-9]", _text(path))}
    assert {name for name in told if name.removesuffix("_FILE") not in read} == set()


def _make_targets() -> dict[str, str]:
    makefile = _text(ROOT / "Makefile")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    described = dict(re.findall(r"^([a-z-]+):.*?## (.+)$", makefile, re.MULTILINE))
    return {target: described.get(target, "") for target in (phony[1].split() if phony else [])}


def test_every_make_target_is_described() -> None:
    assert [target for target, words in _make_targets().items() if not words] == []


def test_documents_tell_every_make_target_and_no_other() -> None:
    told = {
        target
        for path in _MARKDOWN
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", _text(path), re.MULTILINE)
    }
    assert told == set(_make_targets())


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "\nmake test\n" in _text(ROOT / "README.md")
    assert "\nmake test\n" in _text(ROOT / ".ci" / "run")


def test_changelog_lines_say_their_kind() -> None:
    entries = [line for line in _text(ROOT / "CHANGELOG.md").splitlines() if line.startswith("- ")]
    kinds = re.compile(r"- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\] \S")
    assert entries
    assert [entry for entry in entries if not kinds.match(entry)] == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "docs/glossary.md"])
def test_a_table_tells_each_thing_once(name: str) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", _text(ROOT / name), re.MULTILINE)
    firsts = [re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for table in tables]
    assert firsts
    assert [cell for cells in firsts for cell in set(cells) if cells.count(cell) > 1] == []


def test_readme_sends_no_body_as_a_form() -> None:
    sent = re.findall(r"^.*curl .*(?:--data-binary|-d) .*$", _text(ROOT / "README.md"), re.MULTILINE)
    assert len(sent) > 2
    assert [line for line in sent if "Content-Type" not in line and "$ndjson" not in line] == []


def test_every_decision_has_the_same_four_parts() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    parts = {path.name: re.findall(r"^## (.+)$", _text(path), re.MULTILINE) for path in decisions}
    assert parts
    assert {
        name
        for name, titles in parts.items()
        if titles != ["Context", "Decision", "Consequences", "Alternatives"]
    } == set()


def test_decisions_are_listed_in_the_architecture() -> None:
    architecture = _text(ROOT / "ARCHITECTURE.md")
    assert [path.name for path in (ROOT / "docs" / "adr").glob("*.md") if path.name not in architecture] == []


def test_readme_tells_every_command_and_no_other() -> None:
    commands = get_command(build_cli())
    assert isinstance(commands, TyperGroup)
    told = set(re.findall(r"^\| `cmdb ([a-z]+)` \|", _text(ROOT / "README.md"), re.MULTILINE))
    assert told == {*commands.commands, "demo"}


def test_readme_tells_every_named_operation() -> None:
    operations = sorted((ROOT / "graphql" / "operations").glob("*.graphql"))
    readme = _text(ROOT / "README.md")
    assert operations
    assert [path.stem for path in operations if f"`{path.stem}`" not in readme] == []
