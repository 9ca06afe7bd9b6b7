"""The commands: `flask --app wsgi --help`."""

import click
from flask import Flask

from funnel import migrations, tokens


def attach(app: Flask) -> None:
    app.cli.add_command(migrate)


@click.command()
def migrate() -> None:
    """Bring the database to this version's schema, and make its keys. Safe to run again."""
    migrations.upgrade()
    tokens.ensure_keys()
    click.echo("The database is ready.")
