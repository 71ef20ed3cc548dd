"""The demo's own server: its errors are told as if they were the demo's."""

from pathlib import Path

import pytest

from cmdb.demo.server import running_server
from cmdb.errors import CmdbError, ErrorCode


async def test_why_a_server_did_not_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine").write_text("a file where the engine's folder belongs", encoding="utf-8")
    with pytest.raises(CmdbError) as caught:
        async with running_server(tmp_path):
            pass
    assert caught.value.code is not ErrorCode.INTERNAL
    assert caught.value.hint
