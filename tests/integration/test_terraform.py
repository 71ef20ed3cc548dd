"""Terraform itself applies and plans: its states, however they are asked for, end as the same CIs, its plan as changes.

Its built-in resource is enough and needs no provider from the net.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cmdb.model.records import Change, ChangeState, Dependency, Item
from cmdb.ports.records import LocatedRecord
from tests.support.feeds import ci, living, open_dependencies, run
from tests.support.loader_answers import bundled_loaders
from tests.support.small_estate import Bench

ROOT = """
variable "release" { default = "1" }
variable "pin" {
  default   = "kan4rien-vogel"
  sensitive = true
}
resource "terraform_data" "network" { input = "10.9.0.0/16" }
resource "terraform_data" "host" {
  count      = 2
  input      = "till-${count.index}"
  depends_on = [terraform_data.network]
}
module "shop" {
  source  = "./shop"
  for_each = toset(["north"])
  hosts   = terraform_data.host[*].output
  release = var.release
  pin     = var.pin
}
"""
SHOP = """
variable "hosts" {}
variable "release" {}
variable "pin" { sensitive = true }
resource "terraform_data" "till" {
  input            = { hosts = var.hosts, release = var.release }
  triggers_replace = [var.pin]
}
"""
TILL = 'module.shop["north"].terraform_data.till'
HOSTS = {"terraform_data.host[0]", "terraform_data.host[1]"}


class Workspace:
    """A configuration that real Terraform works on."""

    def __init__(self, folder: Path, program: str) -> None:
        """Write the configuration and initialise."""
        self.folder, self._program = folder, program
        (folder / "shop").mkdir()
        (folder / "main.tf").write_text(ROOT, encoding="utf-8")
        (folder / "shop" / "main.tf").write_text(SHOP, encoding="utf-8")
        self.terraform("init", "-input=false")

    def terraform(self, *words: str) -> str:
        """Run one command and return what it printed."""
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        run = subprocess.run(
            [self._program, *words],
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ | quiet,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def told(self, *words: str) -> str:
        """Keep what a command prints as a file; return its path."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.json"
        path.write_text(self.terraform(*words), encoding="utf-8")
        return str(path)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("NOT CHECKED: states and plans that Terraform itself writes; terraform is missing")
    made = Workspace(tmp_path, program)
    made.terraform("apply", "-auto-approve", "-input=false")
    return made


def records(path: str) -> list[LocatedRecord]:
    return list(bundled_loaders().records("terraform", [path]))


def described(located: list[LocatedRecord]) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the keys of what is described, and who needs whom."""
    told = [row.record for row in located]
    items = {one.key for one in told if isinstance(one, Item) and not one.mention}
    return items, {(one.consumer, one.provider) for one in told if isinstance(one, Dependency)}


async def load(bench: Bench, located: list[LocatedRecord]) -> dict[str, int]:
    report = await run(bench, "terraform", *(row.record for row in located), complete=False)
    assert report.problems == ()
    return dict(report.counts)


async def test_the_state_as_pulled_and_as_shown_are_the_same_cis(workspace: Workspace) -> None:
    pulled, shown = records(workspace.told("state", "pull")), records(workspace.told("show", "-json"))
    items, needs = described(pulled)
    assert items == HOSTS | {"terraform_data.network", TILL}
    assert needs >= {(host, "terraform_data.network") for host in HOSTS}
    assert described(shown)[0] == items
    bench = Bench()
    await load(bench, pulled)
    assert living(bench) == items
    revision = await bench.graph.head()
    await load(bench, records(workspace.told("state", "pull")))
    assert await bench.graph.head() == revision
    await load(bench, shown)
    assert living(bench) == items
    assert "kan4rien-vogel" not in repr(bench.graph.rows)


async def test_hosts_made_by_count_stand_in_for_each_other(workspace: Workspace) -> None:
    bench = Bench()
    await load(bench, records(workspace.told("state", "pull")))
    (group,) = (await ci(bench, TILL)).groups
    members = {
        one.provider
        for one in open_dependencies(bench).values()
        if one.consumer == TILL and one.group == group.name
    }
    assert members == HOSTS


async def test_a_plan_becomes_a_planned_change_of_the_ci_that_the_state_told(workspace: Workspace) -> None:
    bench = Bench()
    await load(bench, records(workspace.told("state", "pull")))
    known = living(bench)
    workspace.terraform(
        "plan", "-input=false", "-out=next", "-var=release=2", "-var=pin=ne5ue-pin", "-target=module.shop"
    )
    await load(bench, records(workspace.told("show", "-json", "next")))
    (change,) = (row.record for row in bench.graph.rows.values() if isinstance(row.record, Change))
    assert change.state is ChangeState.PLANNED
    assert change.targets == (TILL,)
    assert change.title == f"replace {TILL}"
    assert living(bench) == known
    assert not [pin for pin in ("kan4rien-vogel", "ne5ue-pin") if pin in repr(bench.graph.rows)]


async def test_a_destroyed_resource_stays_until_people_say_so(workspace: Workspace) -> None:
    bench = Bench()
    await load(bench, records(workspace.told("state", "pull")))
    known = living(bench)
    workspace.terraform("destroy", "-auto-approve", "-input=false")
    await load(bench, records(workspace.told("state", "pull")))
    assert living(bench) == known
