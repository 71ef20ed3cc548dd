"""Programs that tests run as they are."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def tool(name: str, proves: str, package: str) -> str:
    """Return the path of a program; else skip and say what is not checked, or fail where tools are required."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        missing = f"{name} is missing; install {package}"
        if os.environ.get("CMDB_REQUIRE_TOOLS") == "1":
            pytest.fail(missing)
        pytest.skip(f"NOT CHECKED: {proves}; {missing}")
    return found
