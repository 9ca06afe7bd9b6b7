"""What lies in static/vendor is what its LOCK says, and nothing else."""

import hashlib
from pathlib import Path

import funnel

VENDOR = Path(funnel.__file__).parent / "static" / "vendor"
LICENCES = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Apache-2.0", "OFL-1.1"}


def locked():
    lines = [line for line in (VENDOR / "LOCK").read_text().splitlines() if not line.startswith("#")]
    return {line.split()[0]: line.split()[1:] for line in lines}


def test_each_file_has_its_line_and_its_hash():
    found = {path.name for path in VENDOR.iterdir()} - {"LOCK"}
    assert found == set(locked())
    for name, (_, _, _, digest) in locked().items():
        assert (name, hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()) == (name, digest)


def test_each_part_may_be_given_away_and_brings_its_licence():
    for name, (part, _, licence, _) in locked().items():
        assert (name, licence in LICENCES) == (name, True)
        assert any(other.endswith(".LICENSE") and said[0] == part for other, said in locked().items())
