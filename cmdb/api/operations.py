"""Reads the named operations: one question a file, run by every client."""

from cmdb import resources
from cmdb.errors import ErrorCode, NotFound


def operation_names() -> list[str]:
    """Return the names of all operations, sorted."""
    return sorted(path.stem for path in (resources.folder("graphql") / "operations").glob("*.graphql"))


def read_operations() -> dict[str, str]:
    """Return the documents of all operations by name."""
    files = (resources.folder("graphql") / "operations").glob("*.graphql")
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(files)}


def read_operation(name: str) -> str:
    """Return the document of the operation, which carries the same name; NOT_FOUND when there is none."""
    names = operation_names()
    if name not in names:
        raise NotFound(
            ErrorCode.NOT_FOUND,
            f"There is no operation '{name}'.",
            hint="Use one of " + ", ".join(names) + ".",
        )
    return (resources.folder("graphql") / "operations" / f"{name}.graphql").read_text(encoding="utf-8")
