"""The option for the networks that a token is limited to."""

import click

from tokentui.cli.common import read_option
from tokentui.cli.renamed import RenamedOption
from tokentui.core.access import parse_networks

networks_option = click.option(
    "--network",
    "networks",
    cls=RenamedOption,
    old=["--from"],
    metavar="NETWORK",
    multiple=True,
    callback=read_option(parse_networks),
    help="Allowed network, such as 192.0.2.0/24. Can be repeated.",
)
