"""Brings puppeteer-core, which speaks WebDriver BiDi with Firefox: `python -m tests.puppeteer`, as `make test` does.

Only its own archive, and not the 80 packages it names: they fetch and start browsers, or translate for Chromium. We
start Firefox ourselves and hand over a connection (firefox.mjs), so that none of them is loaded.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "24.43.1"
SHA512 = "T5ScUMAsmhdNbgDR41AGESYeS6V9MSgetkSnVhhW+gXvzC42VesKCn5ld87gAZDJ6vLHL9GkRvY9WtQWSnwFbw=="
FOLDER = Path(sys.prefix) / "puppeteer"
ENTRY = FOLDER / VERSION / "package/lib/esm/puppeteer/puppeteer-core-browser.js"


def bring() -> None:
    """Fetches and unpacks it, unless it is there. Ends the program for an archive that is another than it was."""
    if ENTRY.exists():
        return
    npm = shutil.which("npm", path=f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "pack", f"puppeteer-core@{VERSION}", "--silent"], cwd=folder, check=True)
        (archive,) = Path(folder).iterdir()
        if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != SHA512:
            sys.exit(f"{archive.name} is not what it was: its hash is another")
        shutil.rmtree(FOLDER, ignore_errors=True)
        with tarfile.open(archive) as opened:
            opened.extractall(FOLDER / f"{VERSION}.part", filter="data")
    (FOLDER / f"{VERSION}.part").rename(FOLDER / VERSION)


if __name__ == "__main__":
    bring()
