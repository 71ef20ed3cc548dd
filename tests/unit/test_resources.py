"""The document folders of a checkout."""

import pytest

from cmdb.errors import DeclarationError, ErrorCode
from cmdb.resources import FOLDERS, folder
from tests.architecture.source_tree import ROOT


@pytest.mark.parametrize("name", FOLDERS)
def test_a_checkout_serves_its_own_folders(name: str) -> None:
    assert folder(name) == ROOT / name
    assert any(folder(name).iterdir())


def test_a_folder_that_is_missing_is_told_with_a_remedy() -> None:
    with pytest.raises(DeclarationError, match="'nowhere' is missing") as caught:
        folder("nowhere")
    assert caught.value.code is ErrorCode.DECLARATION
    assert caught.value.hint
