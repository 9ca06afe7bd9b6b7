"""Logs: plain lines or JSON, with the request's or message's id, and never an address in them."""

import contextvars
import logging
import re
import sys
from typing import Any

from pythonjsonlogger.json import JsonFormatter

ADDRESS = re.compile(r"[^\s<>\"'@,;:]+@[^\s<>\"'@,;:]+")
CHATTY = ("alembic", "celery.beat", "celery.worker.strategy", "celery.app.trace")  # a line or two for every tick
PLAIN = "%(asctime)s %(levelname)-7s %(name)s [%(ref)s] %(message)s"

ref: contextvars.ContextVar[str] = contextvars.ContextVar("ref", default="-")


def configure(log_format: str) -> None:
    """Sends all logs of this process to standard error, in `log_format`: plain or json. May be called again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_add_ref)
    handler.setFormatter(_JsonWithoutAddresses() if log_format == "json" else _PlainWithoutAddresses(PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # every detector says aloud that it found nothing


def without_addresses(text: str) -> str:
    """`text` with every mail address in it blanked."""
    return ADDRESS.sub("<address>", text) if "@" in text else text


def _add_ref(record: logging.LogRecord) -> bool:
    record.ref = ref.get()
    return True


class _PlainWithoutAddresses(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_addresses(super().format(record))


class _JsonWithoutAddresses(JsonFormatter):
    def __init__(self) -> None:
        fields = "%(asctime)s %(levelname)s %(name)s %(ref)s %(message)s"
        super().__init__(fields, rename_fields={"asctime": "at", "levelname": "level"}, json_ensure_ascii=False)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        # Before it is JSON: an address runs up to a quotation mark, and would take the mark's backslash with it.
        return {name: without_addresses(value) if isinstance(value, str) else value for name, value in log_data.items()}
