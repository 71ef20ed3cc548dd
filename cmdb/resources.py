"""Finds the document folders, bundled in a wheel or beside `pyproject.toml` in a checkout."""

from pathlib import Path

from cmdb.errors import DeclarationError, ErrorCode

_PACKAGE = Path(__file__).parent
FOLDERS = ("schema", "graphql", "loaders", "seeds")


def folder(name: str) -> Path:
    """Return the document folder `name`; without the `pyproject.toml` guard graphql-core's own folder would match."""
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    bundled = _PACKAGE / "_bundled" / name
    if bundled.is_dir():
        return bundled
    raise DeclarationError(
        ErrorCode.DECLARATION,
        f"The folder '{name}' is missing from this installation.",
        hint="Install the wheel again, or run from a complete checkout.",
    )
