"""What a person says about reading a source: arguments on the command line, secrets in the environment."""

import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from cmdb.bootstrap import bolt_source
from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.loaders import Asked
from cmdb.ports.bolt_source import Access
from cmdb.settings import read_settings

Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An argument of the loader.")
]


def asked_for(setting: Iterable[str] | None) -> Asked:
    """Return what the command line and the environment say about a load; remarks go to standard error."""
    settings = read_settings()
    access = Access(settings.source_token, settings.source_user)
    arguments = dict(_pair(text) for text in setting or ())
    return Asked(arguments=arguments, remark=tell_remark, access=access, bolt=bolt_source())


def one_of(option: str, text: str, known: Iterable[str]) -> str:
    """Return the name in capitals, as GraphQL spells it; BAD_ARGUMENT for one that is not known."""
    names = [name.lower() for name in known]
    if text.lower() not in names:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"'{text}' is not one of {', '.join(names)}.",
            hint="Give one of them.",
            place=Place("command line", field=option),
        )
    return text.upper()


def tell_remark(text: str) -> None:
    """Write a remark of a reader or program on standard error."""
    sys.stderr.write(f"note: {text}\n")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"'{text}' is not NAME=VALUE.",
            hint="Write for example --set cluster=blue.",
            place=Place("command line", field="--set"),
        )
    return name, value
