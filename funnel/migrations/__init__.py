"""The schema's history, numbered 0001_…; each step expands first and contracts in a later release."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade() -> None:
    """Brings the database to the newest schema. Safe to run twice, and at once from two places."""
    command.upgrade(config(), "head")


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    return found
