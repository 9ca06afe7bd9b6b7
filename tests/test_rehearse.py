"""A rehearsal with few readers: all processes, a day of a second, and the account at the end."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow  # `make rehearse` itself; the story walks the same course
@pytest.mark.timeout(240)
def test_every_mail_that_was_planned_is_accounted_for():
    result = subprocess.run(
        [sys.executable, "-m", "bench.rehearse", "24"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Every mail planned is accounted for." in result.stdout
    stages = dict(re.findall(r"^(\S.*?)\s{2,}(\d+)", result.stdout, re.MULTILINE))
    assert stages["Sign-ups"] == "24"
    assert 0 < int(stages["Booked"]) < int(stages["Mail 8"]) < int(stages["Confirmed"]) < 24
    assert re.search(r"unsubscribed \d", result.stdout)
    assert re.search(r"bounced \d", result.stdout)
