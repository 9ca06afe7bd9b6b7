"""Files that are sent to us: written to DATA_DIR while they come, never held in memory, and gone with the request."""

import tempfile
from typing import IO, Any

from flask import Request as FlaskRequest

from funnel.config import settings

FOLDER = "uploads"


class Request(FlaskRequest):
    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        # Werkzeug's own choice is the system's folder for such files, which is memory on many machines.
        folder = settings().data_dir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
