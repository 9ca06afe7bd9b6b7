"""What is said, kept as files."""

from pathlib import Path

import click

from funnel.cli.plainly import Group, refuse
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.languages import ENGLISH
from funnel.programme import content_files, handout


@click.group(cls=Group)
def content() -> None:
    """The forms, posts and courses kept as files."""


@content.command("load")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=content_files.FOLDER)
def load_content(folder: Path) -> None:
    """Load the forms, posts and courses of FOLDER into the database. A broken file is named with its line."""
    try:
        with Session.begin() as session:
            loaded = content_files.load(session, folder, utc_now())
    except content_files.ContentError as error:
        refuse(error)
    click.echo(str(loaded))


@content.command("handout")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", type=click.Choice(handout.told_in()), default=ENGLISH, show_default=True)
def write_handout(target: Path, language: str) -> None:
    """Write the QL reset, as readers get it, to TARGET: a PDF to look at or to have printed."""
    pdf = handout.ours(settings(), language)
    target.write_bytes(pdf.data)
    click.echo(f"Written: {target}, {len(pdf.data) // 1024 + 1} kB.")
