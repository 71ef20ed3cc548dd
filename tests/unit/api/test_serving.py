import pytest
from starlette.applications import Starlette

from cmdb.api.serving import serve
from cmdb.errors import ErrorCode, Forbidden


async def test_nothing_is_served_to_other_machines() -> None:
    with pytest.raises(Forbidden) as caught:
        await serve(Starlette(), "0.0.0.0", 8000)
    assert caught.value.code is ErrorCode.FORBIDDEN
