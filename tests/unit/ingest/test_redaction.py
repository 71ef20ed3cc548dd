"""What is shown of a document holds no secret, and everything else."""

import json

import pytest

from cmdb.ingest.document import Document
from cmdb.ingest.redaction import HIDDEN, hush, redact

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
