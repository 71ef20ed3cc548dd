"""`python -m cmdb` and the `cmdb` command: the command line with the demo on top."""

import sys

try:
    from cmdb.cli.app import build_cli, run_cli
    from cmdb.demo.command import demo
except KeyboardInterrupt:
    # Reading the program takes a while, and who gives it up then shall not meet a stack trace either.
    sys.exit(130)


def main() -> None:
    """Run the command line."""
    cli = build_cli()
    cli.command("demo")(demo)
    run_cli(cli)


if __name__ == "__main__":
    main()
