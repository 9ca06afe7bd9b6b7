"""A plain layout, for a mail of 7 kB as others are measured with: our own one alone has 13 kB."""

from pathlib import Path

FILE = Path(__file__).with_name("light.mjml")
PADDING = "&#847;&zwnj;&nbsp;" * 6


def wear() -> None:
    """Every mail that this process composes from now on wears it."""
    from funnel.mail import layout

    layout.FILE, layout.PADDING = FILE, PADDING
