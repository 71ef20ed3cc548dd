"""The only reader of the environment: `CMDB_*` variables become one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cmdb.errors import DeclarationError, ErrorCode, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; `store_uri` None means the embedded engine under `data_dir`."""

    store_uri: str | None = None
    store_user: str = "neo4j"
    store_password: str = field(default="", repr=False)
    store_database: str = "neo4j"
    data_dir: Path = Path(".cmdb")
    engine_heap: str = "512m"
    engine_linger: float = 60
    url: str | None = None
    request_timeout: float = 30.0
    incident_severity: str = "critical"
    incident_settle_seconds: float = 10.0
    source_user: str = ""
    source_token: str = field(default="", repr=False)
    inbox_megabytes: float = 1024
    channels: Path | None = None


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read `CMDB_*`; `CMDB_STORE_PASSWORD_FILE` serves where a secret must not stand in the environment."""
    env = os.environ if environment is None else environment
    defaults = Settings()
    return Settings(
        store_uri=env.get("CMDB_STORE_URI") or None,
        store_user=env.get("CMDB_STORE_USER", defaults.store_user),
        store_password=_secret(env, "CMDB_STORE_PASSWORD"),
        store_database=env.get("CMDB_STORE_DATABASE", defaults.store_database),
        data_dir=Path(env.get("CMDB_DATA_DIR", str(_default_data_dir(env)))),
        engine_heap=env.get("CMDB_ENGINE_HEAP", defaults.engine_heap),
        engine_linger=_number(env, "CMDB_ENGINE_LINGER", defaults.engine_linger),
        url=env.get("CMDB_URL") or None,
        inbox_megabytes=_number(env, "CMDB_INBOX_MEGABYTES", defaults.inbox_megabytes, "mebibytes"),
        incident_severity=env.get("CMDB_INCIDENT_SEVERITY", defaults.incident_severity),
        incident_settle_seconds=_number(
            env, "CMDB_INCIDENT_SETTLE_SECONDS", defaults.incident_settle_seconds
        ),
        source_user=env.get("CMDB_SOURCE_USER", ""),
        source_token=_secret(env, "CMDB_SOURCE_TOKEN"),
        channels=Path(env["CMDB_CHANNELS"]) if env.get("CMDB_CHANNELS") else None,
        request_timeout=_number(env, "CMDB_REQUEST_TIMEOUT", defaults.request_timeout),
    )


def _default_data_dir(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_DATA_HOME") or str(Path(env.get("HOME", ".")) / ".local" / "share")
    return Path(base) / "cmdb"


def _secret(env: Mapping[str, str], name: str) -> str:
    path = env.get(f"{name}_FILE")
    if not path:
        return env.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"{name}_FILE cannot be read: {error.strerror}.",
            hint="Name a readable file that holds only the secret.",
            place=Place(path),
        ) from error


def _number(env: Mapping[str, str], name: str, default: float, unit: str = "seconds") -> float:
    text = env.get(name)
    if text is None:
        return default
    try:
        return float(text)
    except ValueError as error:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"{name} is '{text}', not a number.",
            hint=f"Give {unit}, for example {default}.",
            place=Place("environment", field=name),
        ) from error
