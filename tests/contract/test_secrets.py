"""A canary in every place where sources keep secrets: it must come out nowhere."""

import json
import logging
from contextlib import suppress
from pathlib import Path

import pytest

from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError
from cmdb.ingest.loaders import Asked
from cmdb.ingest.records import encode
from cmdb.ingest.samples import samples_of
from tests.support.command_line import CommandLine, nothing
from tests.support.loader_answers import bundled_loaders
from tests.support.small_estate import Bench

CANARY = "kan4rien-vogel"
LOADERS = bundled_loaders()
LINE = CommandLine(nothing)

SECRET = f"""
apiVersion: v1
kind: Secret
metadata:
  name: shop
  annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{{"data": {{"p": "{CANARY}"}}}}'}}
data: {{password: {CANARY}, plain: {CANARY}}}
stringData: {{password: {CANARY}}}
"""
WORKLOAD = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop}}
spec:
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      containers:
      - name: shop
        image: registry.example.com/shop:1
        args: [--password, {CANARY}, --token={CANARY}]
        env:
        - {{name: DB_PASSWORD, value: {CANARY}}}
        - {{name: DATABASE_URL, value: 'postgres://app:{CANARY}@db:5432/shop'}}
        - {{name: CACHE_URL, value: 'redis://:a,{CANARY},b@cache:6379'}}
        - {{name: BROKER_DSN, value: 'app:{CANARY}@tcp(mq:3306)/x'}}
"""
STATE = {
    "version": 4,
    "terraform_version": "1.9.0",
    "lineage": "made-up",
    "serial": 1,
    "outputs": {"password": {"value": CANARY, "type": "string", "sensitive": True}},
    "resources": [
        {
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "shop",
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [
                {
                    "attributes": {
                        "id": "shop-db",
                        "engine": "postgres",
                        "password": CANARY,
                        "endpoint": CANARY,
                        "address": CANARY,
                    },
                    "sensitive_attributes": [
                        [{"type": "get_attr", "value": "password"}],
                        [{"type": "get_attr", "value": "endpoint"}],
                        [{"type": "get_attr", "value": "address"}],
                    ],
                }
            ],
        }
    ],
}
VALUES = {"name": "shop", "endpoint": CANARY, "password": CANARY}
MARKS = {"endpoint": True, "password": True}
PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "variables": {"db_password": {"value": CANARY}},
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_db_instance.shop",
                    "mode": "managed",
                    "type": "aws_db_instance",
                    "name": "shop",
                    "values": VALUES,
                    "sensitive_values": MARKS,
                }
            ]
        }
    },
    "resource_changes": [
        {
            "address": "aws_db_instance.shop",
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "shop",
            "change": {
                "actions": ["update"],
                "before": {**VALUES, "endpoint": f"{CANARY}-old", "admin_token": f"{CANARY}-old"},
                "after": {**VALUES, "admin_token": CANARY},
                "before_sensitive": MARKS,
                "after_sensitive": MARKS,
            },
        }
    ],
}
INVENTORY = f"[web]\nh1 ansible_host=192.0.2.1 ansible_password={CANARY} ansible_become_pass={CANARY}\n"
COMPOSE = f"""
services:
  shop:
    image: registry.example.com/shop:1
    environment:
      - DB_PASSWORD={CANARY}
      - DATABASE_URL=postgres://app:{CANARY}@db:5432/shop
  db:
    image: registry.example.com/db:1
    environment: {{POSTGRES_PASSWORD: {CANARY}}}
"""

HOLDING = {
    "kubernetes": {"secret.yaml": SECRET, "workload.yaml": WORKLOAD},
    "terraform": {"state.tfstate": json.dumps(STATE), "plan.json": json.dumps(PLAN)},
    "ansible": {"hosts.ini": INVENTORY},
    "opentelemetry": {"compose.yaml": COMPOSE},
}
"""Documents of a source that hold the canary where its people keep secrets."""

CASES = [(loader, file) for loader, files in HOLDING.items() if loader in LOADERS.names() for file in files]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def held(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """Return a loader and a file that holds the canary."""
    loader, file = request.param
    path = tmp_path / file
    path.write_text(HOLDING[loader][file], encoding="utf-8")
    return loader, path


async def test_no_secret_reaches_the_graph_or_the_log(
    held: tuple[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    loader, path = held
    caplog.set_level(logging.DEBUG)
    bench = Bench()
    located = list(LOADERS.records(loader, [str(path)]))
    assert located
    for dry_run in (True, False):
        request = RunRequest(source=loader, located=located, complete=True, dry_run=dry_run)
        report = await bench.application.load_run(SYSTEM, request)
        assert CANARY not in repr(report)
    assert CANARY not in repr((bench.graph.rows, bench.graph.archive, bench.run_log.known_runs))
    assert CANARY not in caplog.text


@pytest.mark.parametrize("output", ["table", "json"])
def test_no_secret_is_shown_when_a_loader_is_tried(held: tuple[str, Path], output: str) -> None:
    loader, path = held
    ran = LINE.run("loader", "try", str(path), loader, "-o", output)
    assert "document" in ran.out
    assert CANARY not in ran.out + ran.err


def test_no_secret_is_in_the_error_of_a_program_that_fails_on_it(
    held: tuple[str, Path], tmp_path: Path
) -> None:
    """Messages of jq show the values that it failed on."""
    loader, path = held
    for number, program in enumerate((". | error", "[.. | strings] | .[] | tonumber", "tostring | error")):
        own = tmp_path / f"{number}.jq"
        own.write_text(program, encoding="utf-8")
        with pytest.raises(CmdbError) as caught:
            LOADERS.load_with_map(str(own), LOADERS.loader(loader).format, str(path), Asked())
        assert CANARY[:5] not in str(caught.value)


def test_no_secret_is_in_the_error_of_a_file_that_breaks_off(held: tuple[str, Path]) -> None:
    loader, path = held
    whole = path.read_bytes()
    told = []
    for end in range(1, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:end] + b"\n\x01{[")
        try:
            list(LOADERS.records(loader, [str(path)]))
        except CmdbError as error:
            told.append(f"{error} {error.hint}")
    assert told
    assert [text for text in told if CANARY[:5] in text] == []


HOSTILE: dict[str, object] = {
    **dict.fromkeys(
        (
            "password",
            "db_password",
            "api-key",
            "X-Api-Key",
            "private_key",
            "Private Key",
            "clientSecret",
            "connectionString",
            "pwd",
            "pre_shared_key",
            "accessToken",
        ),
        CANARY,
    ),
    "DATABASE_URL": f"postgres://app:{CANARY}@db/x",
    "note": f"password={CANARY}",
    "remote": f"https://{CANARY}@code.example.org/x.git",
    "store": f"Server=db;Uid=a;Pwd={CANARY};AccountKey={CANARY}==;",
    "text": json.dumps({"password": CANARY}),
    "quoted": f'password: "{CANARY} {CANARY}"',
    "file": f"https://files.example.org/?sig={CANARY}",
}
"""Fields that a source may carry anywhere; no loader knows them."""


def _with_hostile_fields(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_hostile_fields(part) for name, part in value.items()} | HOSTILE
    return [_with_hostile_fields(part) for part in value] if isinstance(value, list) else value


def _json_samples(loader: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for sample in samples_of(LOADERS.loader(loader)):
        with suppress(ValueError):
            found[sample.name] = json.loads(sample.read_bytes())
    return found


@pytest.mark.parametrize("loader", [name for name in LOADERS.names() if _json_samples(name)])
def test_no_loader_lets_out_what_is_named_or_looks_like_a_secret_anywhere(
    loader: str, tmp_path: Path
) -> None:
    samples = _json_samples(loader)
    for name, value in samples.items():
        path = tmp_path / name
        path.write_text(json.dumps(_with_hostile_fields(value)), encoding="utf-8")
        try:
            told = [json.dumps(encode(row.record)) for row in LOADERS.records(loader, [str(path)])]
        except CmdbError as error:
            told = [f"{error} {error.hint}"]
        assert (name, [text for text in told if CANARY in text]) == (name, [])
    ran = LINE.run("loader", "try", str(tmp_path / min(samples)), loader, "-o", "json")
    assert "documents" in ran.out
    assert CANARY not in ran.out + ran.err
