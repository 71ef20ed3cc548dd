"""`python -m cmdb` and the `cmdb` command: the command line with the demo on top."""

from cmdb.cli.app import build_cli, run_cli
from cmdb.demo.command import demo


def main() -> None:
    """Run the command line."""
    cli = build_cli()
    cli.command("demo")(demo)
    run_cli(cli)


if __name__ == "__main__":
    main()
