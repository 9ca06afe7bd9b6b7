"""The commands: `flask --app wsgi --help`."""

from flask import Flask

from funnel.cli.content import content
from funnel.cli.house import backup, check, keys, migrate
from funnel.cli.insight import insight
from funnel.cli.newsletter import newsletter
from funnel.cli.owner import owner
from funnel.cli.people import bounces, subscriber
from funnel.cli.roster import people
from funnel.cli.sending import messages, sending


def attach(app: Flask) -> None:
    house = (migrate, check, owner, content, backup, keys)
    for command in (*house, messages, sending, newsletter, people, subscriber, bounces, insight):
        app.cli.add_command(command)
