"""`cmdb backup` and `cmdb restore` against each engine."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cmdb.cli.app import build_cli
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.store.connection import StoreAddress
from cmdb.store.store import open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.graph_records import EVERY_KIND
from tests.support.moments import NOON
from tests.support.neo4j_server import own_neo4j


async def furnish(address: StoreAddress) -> None:
    async with open_store(address, VERBS, MIGRATIONS) as store:
        await wipe(address)
        await store.write(SYSTEM, "test", EVERY_KIND, NOON)


def run(address: StoreAddress, *arguments: str) -> Result:
    environment = {
        "CMDB_STORE_URI": address.uri,
        "CMDB_STORE_USER": address.user,
        "CMDB_STORE_PASSWORD": address.password,
        "CMDB_STORE_DATABASE": address.database,
    }
    return CliRunner().invoke(build_cli(), arguments, env=environment)


def test_a_backup_is_taken_and_restored(store_address: StoreAddress, tmp_path: Path) -> None:
    asyncio.run(furnish(store_address))
    file = str(tmp_path / "b")
    taken = run(store_address, "backup", file, "-o", "json")
    assert taken.exit_code == 0, taken.exception
    told = json.loads(taken.stdout)["backup"]
    assert (told["records"], told["versions"], told["revision"]) == (len(EVERY_KIND), 0, 1)
    assert told["bytes"] == (tmp_path / "b").stat().st_size
    assert taken.stderr == ""
    asyncio.run(wipe(store_address))
    restored = run(store_address, "restore", file)
    assert restored.exit_code == 0, restored.exception
    first, second = restored.stdout.splitlines()
    assert (
        first == f"{len(EVERY_KIND)} records, 0 versions, 0 beside them, revision 1, {told['bytes']:,} bytes"
    )
    assert second == f"content {told['hash']}"


def test_a_store_that_takes_no_more_writes_says_so_and_is_backed_up(tmp_path: Path) -> None:
    """Neo4j goes read-only by itself on a full disk: then a copy is wanted most."""
    with own_neo4j(tmp_path / "neo4j") as server:
        asyncio.run(furnish(server.address))
        server.stop()
        with (tmp_path / "neo4j" / "conf" / "neo4j.conf").open("a") as settings:
            settings.write("server.databases.default_to_read_only=true\n")
        server.start()
        with pytest.raises(CmdbError) as caught:
            asyncio.run(furnish(server.address))
        asked = run(server.address, "search", "a")
        taken = run(server.address, "backup", str(tmp_path / "b"), "-o", "json")
    assert caught.value.code is ErrorCode.STORE_UNWRITABLE
    assert asked.exit_code == 0, asked.exception
    assert taken.exit_code == 0, taken.exception
    assert json.loads(taken.stdout)["backup"]["records"] == len(EVERY_KIND)


def test_a_full_store_is_not_restored_into(store_address: StoreAddress, tmp_path: Path) -> None:
    asyncio.run(furnish(store_address))
    run(store_address, "backup", str(tmp_path / "b"))
    error = run(store_address, "restore", str(tmp_path / "b")).exception
    assert isinstance(error, CmdbError)
    assert error.code is ErrorCode.STORE_NOT_EMPTY


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_the_embedded_engine_is_started_when_no_store_is_named(command: str, tmp_path: Path) -> None:
    file = tmp_path / "b"
    environment = {"CMDB_DATA_DIR": str(tmp_path / "data"), "CMDB_STORE_URI": "", "CMDB_ENGINE_LINGER": "0"}
    assert CliRunner().invoke(build_cli(), ["backup", str(file)], env=environment).exit_code == 0
    assert CliRunner().invoke(build_cli(), [command, str(file)], env=environment).exit_code == 0
