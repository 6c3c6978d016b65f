"""The command: examines everything, tells it line by line, and exits 1 if anything fails."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import sip
from bot_admin.command import FAILED, command
from bot_admin.output import show_json, talk

app = typer.Typer()


@command(app)
async def doctor(
    context: typer.Context,
    call: Annotated[bool, typer.Option("--call", help="Also place a call, on a lab only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print for programs.")] = False,
    declarations: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Folder of *.toml.", show_default="sip/"),
    ] = Path(sip.__file__).parent,
) -> None:
    """Tell what is wrong and what to do about it; exit 1 if anything fails.

    Asks LiveKit, the worker on this machine and the providers. Changes nothing.
    """
    from rich.console import Console  # noqa: PLC0415  all of these are slow to load

    from bot_admin.doctor import report  # noqa: PLC0415
    from bot_admin.doctor.checks import CALL, CHECKS  # noqa: PLC0415
    from bot_admin.doctor.examination import examine  # noqa: PLC0415
    from bot_admin.doctor.finding import Verdict  # noqa: PLC0415
    from bot_admin.doctor.patient import Patient  # noqa: PLC0415

    checks = (*CHECKS, CALL) if call else CHECKS
    patient = Patient.of(context.obj, declarations)
    found: list[report.Row] = []
    with Console(stderr=True).status("examining …") as waiting:  # shows on a terminal only
        async for check, findings in examine(patient, checks):
            found += (rows := report.rows(check, findings))
            if not as_json:
                waiting.stop()  # off the line that is written now
                for row in rows:
                    typer.echo(report.line(*row))
                waiting.start()
    data = report.as_data(found)
    if as_json:
        show_json(data)
    else:
        talk(report.summary(found))
    if data["verdict"] is Verdict.FAIL:
        raise typer.Exit(FAILED)
