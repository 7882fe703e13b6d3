"""`liandong`: the command line of Liandong (联动).

Modules import what is heavy inside their commands, so that `--help` answers at once.
"""

import sys

import typer

from streams.cli import parts
from streams.cli.common import CommandError, note
from streams.cli.deadletters import deadletters
from streams.cli.deciding import decisions, request
from streams.cli.demo import demo
from streams.cli.directive import directive
from streams.cli.doctor import doctor
from streams.cli.incident import incident
from streams.cli.local import local
from streams.cli.policy import policy
from streams.cli.replay import replay
from streams.cli.scenario import scenario
from streams.cli.schemas import schemas
from streams.cli.sync import sync

app = typer.Typer(
    name="liandong",
    help="Liandong 联动: incident command of a city whose health and emergency departments act as one.",
    epilog="Exit codes: 0 ok, 1 check failed or unmet, 2 wrong usage, 3 cannot reach something.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)
RUN, LOOK, SETUP = "Run 运行", "Look and decide 查看与决策", "Set up and check 准备与检查"

app.command("demo", rich_help_panel=RUN)(demo)
app.command("local", rich_help_panel=RUN)(local)
app.add_typer(scenario, name="scenario", rich_help_panel=RUN)
app.command("worker", rich_help_panel=RUN)(parts.worker)
app.command("sync", rich_help_panel=RUN)(sync)
app.command("replay", rich_help_panel=SETUP)(replay)
app.command("doctor", rich_help_panel=SETUP)(doctor)
app.command("migrate", rich_help_panel=SETUP)(parts.migrate)
app.add_typer(incident, name="incident", rich_help_panel=LOOK)
app.add_typer(decisions, name="decisions", rich_help_panel=LOOK)
app.add_typer(request, name="request", rich_help_panel=LOOK)
app.add_typer(directive, name="directive", rich_help_panel=LOOK)
app.add_typer(policy, name="policy", rich_help_panel=LOOK)
app.add_typer(deadletters, name="deadletters", rich_help_panel=LOOK)
app.add_typer(schemas, name="schemas", rich_help_panel=SETUP)
app.add_typer(parts.topics, name="topics", rich_help_panel=SETUP)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except CommandError as failure:
        _end(failure)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from streams.cli.faults import failure as told

        known = told(error)
        if known is None:
            raise
        _end(known)


def _end(failure: CommandError) -> None:
    note(f"error: {failure.message}\nnext: {failure.next_step}")
    sys.exit(failure.code)
