"""Programs of Debian packages that tests run."""

import os
import shutil

import pytest


def tool(name: str, package: str) -> str:
    """Return the program's path; a missing one is a skip that says so, a failure where tools are required."""
    found = shutil.which(name)
    if found is not None:
        return found
    if os.environ.get("CMDB_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{name} is missing; install the Debian package {package}")
    pytest.skip(f"NOT CHECKED: the real {name}; it is missing, install the Debian package {package}")
