"""What is shown of a document holds no secret, and everything else."""

import json

import pytest

from cmdb.ingest.document import Document
from cmdb.ingest.redaction import HIDDEN, hush, redact, scrub

CANARY = "kan4rien-vogel"

HOLDING: list[object] = [
    {"kind": "Secret", "metadata": {"name": "s"}, "data": {"x": CANARY}, "stringData": {"y": CANARY}},
    {"kind": "List", "items": [{"kind": "Secret", "data": {"x": CANARY}}]},
    {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": f"{{{CANARY}"}}},
    {"env": [{"name": "DB_PASSWORD", "value": CANARY}]},
    {"env": {"DB_PASSWORD": CANARY, "apiKey": CANARY, "GH_TOKEN": [CANARY]}},
    {"attributes": {"x": CANARY, "y": {"z": CANARY}}, "sensitive_attributes": [
        [{"type": "get_attr", "value": "x"}], [{"type": "get_attr", "value": "y"}, {"type": "index", "value": 0}]]},
    {"attributes": {"x": CANARY}, "sensitive_attributes": ["x"]},
    {"values": {"x": CANARY, "y": [{"z": CANARY}]}, "sensitive_values": {"x": True, "y": [{"z": True}]}},
    {"before": {"x": CANARY}, "after": {"x": CANARY}, "before_sensitive": {"x": True}, "after_sensitive": True},
    {"outputs": {"o": {"sensitive": True, "value": {"deep": CANARY}}}},
    {"variables": {"admin_password": {"value": CANARY}}},
    {"url": f"postgres://app:{CANARY}@db:5432/shop"},
    {"args": ["--user", "app", "--password", CANARY, f"--token={CANARY}"]},
    f"ansible_host=h1 ansible_password={CANARY} x=1",
    f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
    {"headers": f"Bearer {CANARY}"},
    {"api-key": CANARY, "X-Api-Key": CANARY, "Private Key": CANARY, "connection-string": CANARY, "pwd": CANARY},
    {"wifi_psk": CANARY, "secret_id": CANARY, "sensitive_token": CANARY, "auth": {"bearer": CANARY}, "DSN": CANARY},
    {"attributes": [{"key": "db.password", "value": {"stringValue": CANARY}}, {"Key": "Secret", "Value": CANARY}]},
    {"url": f"postgres://app:{CANARY}/with@signs{CANARY}@db:5432/shop"},
    {"remote": f"https://{CANARY}@code.example.org/shop.git"},
    f"Server=db;Uid=app;Pwd={CANARY};AccountKey={CANARY}==;",
    json.dumps(json.dumps({"password": CANARY})),
    f'password: "{CANARY} and {CANARY}"',
    f"https://files.example.org/a?sv=1&sig={CANARY}",
    f"<login><password>{CANARY}</password></login>",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{CANARY}\n-----END PGP PRIVATE KEY BLOCK-----",
]  # fmt: skip

HARMLESS: list[object] = [
    {"kind": "ConfigMap", "data": {"colour": "green"}},
    {"env": [{"name": "DB_HOST", "value": "db"}]},
    {"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
    {"volumes": [{"secret": {"secretName": "tls"}}]},
    {"attributes": {"x": 1}, "sensitive_attributes": []},
    {"values": {"x": 1, "y": [1, 2]}, "sensitive_values": {"y": [False]}},
    {"url": "https://db.example.com:443/a@b", "keys": ["a"], "n": None, "t": True},
    {"args": ["--user", "app"]},
    {"url": "http://a.example.com:8080/to?mail=ann@example.com", "design": "signal", "key": "component:default/token"},
    {"spec": {"secretName": "tls", "tokenPath": "/run/t"}, "password_type": "hashed"},
    "ssh://git@code.example.org/shop.git",
]  # fmt: skip


@pytest.mark.parametrize("value", HOLDING, ids=lambda value: json.dumps(value)[:40])
def test_secrets_are_hidden(value: object) -> None:
    shown = json.dumps(redact(value))
    assert CANARY in json.dumps(value)
    assert CANARY not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize("value", HARMLESS, ids=lambda value: json.dumps(value)[:40])
def test_everything_else_is_shown_as_it_is(value: object) -> None:
    assert redact(value) == value


def test_messages_keep_neither_a_secret_nor_its_beginning() -> None:
    document = Document({"kind": "Secret", "data": {"x": CANARY}, "name": "shop"})
    assert hush(f'string ("{CANARY[:8]}...) of shop', document) == f'string ("{HIDDEN}...) of shop'
    address = Document({"url": f"postgres://app:{CANARY}@db/shop"})
    assert (
        hush(f'string ("postgres://app:{CANARY[:6]}...)', address) == f'string ("postgres://app:{HIDDEN}...)'
    )
    assert hush("no secret of shop", document) == "no secret of shop"


def test_a_record_is_rid_of_secrets_and_keeps_what_it_is_recognised_by() -> None:
    event = {
        "kind": "event",
        "key": "password=x",
        "condition": "login",
        "summary": f"tried password={CANARY}",
        "subject": {"host": "h", "labels": {"api-key": CANARY, "team": "till"}},
        "raw": json.dumps({"Private Key": CANARY, "n": 1.5, "args": ["--token", CANARY]}),
    }
    item = {
        "kind": "item",
        "key": "shop/token:7",
        "name": "token=7",
        "description": f"postgres://app:{CANARY}@db/x",
        "attributes": {"tags": [f"Private Key={CANARY}", "team=till"], "endpoint": f"amqp://a:{CANARY}@mq"},
    }
    change = {"kind": "change", "key": "c", "title": "t", "subjects": [{"labels": {"pwd": CANARY}}]}
    for record in (event, item, change):
        scrub(record, json.dumps(record).encode())
        assert CANARY not in json.dumps(record)
    assert (event["key"], item["key"], item["name"]) == ("password=x", "shop/token:7", "token=7")
    assert item["attributes"] == {
        "tags": [f"Private Key={HIDDEN}", "team=till"],
        "endpoint": f"amqp://a:{HIDDEN}@mq",
    }
    assert json.loads(str(event["raw"]))["n"] == 1.5


def test_what_was_cut_off_is_rid_of_what_shows_in_the_text() -> None:
    record = {
        "kind": "event",
        "raw": f'{{"url": "postgres://app:{CANARY}@db", "password": "{CANARY}", "x": "',
    }
    scrub(record, json.dumps(record).encode())
    assert CANARY not in str(record["raw"])
