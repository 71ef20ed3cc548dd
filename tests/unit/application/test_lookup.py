"""What a reference stands for."""

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from tests.support.small_estate import furnished, item


async def test_references_by_name_and_their_errors() -> None:
    bench = await furnished(item("twin1", "server", "twin"), item("twin2", "server", "twin"))
    assert (await bench.application.find_item(SYSTEM, "e-mail")).item.key == "mail"
    for reference, code in (("twin", ErrorCode.AMBIGUOUS), ("nothing", ErrorCode.NOT_FOUND)):
        with pytest.raises(CmdbError) as caught:
            await bench.application.find_item(SYSTEM, reference)
        assert caught.value.code is code
