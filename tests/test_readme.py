"""What README promises is what is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SOURCE = (ROOT / "funnel/config.py").read_text() + "".join(
    (ROOT / f"funnel/{name}.py").read_text() for name in ("choices", "variables")
)


def test_every_setting_is_documented():
    read = set(re.findall(r'\(\s*"([A-Z][A-Z_]+)"', SOURCE))
    assert {"DATABASE_URL", "DAY_SECONDS", "TRUSTED_PROXIES", "LOG_FORMAT"} <= read
    assert not {name for name in read if f"`{name}`" not in README}


def test_every_setting_documented_is_read():
    table = README[README.index("| variable |") : README.index("## Running it for real")]
    documented = set(
        re.findall(r"`([A-Z][A-Z_]+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line))
    )
    assert not {name for name in documented if f'"{name}"' not in SOURCE}


def test_the_two_commands_come_first():
    first = [line for line in README.splitlines() if line.startswith("    ")][:2]
    assert [line.split("#")[0].strip() for line in first] == ["make run", "make test"]


def test_every_process_of_the_procfile_is_named():
    for line in (ROOT / "Procfile").read_text().splitlines():
        assert f"    {line.partition(':')[0]}:" in README


def test_every_page_of_the_documentation_is_there():
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).exists(), path


def test_every_part_has_its_reason():
    decisions = (ROOT / "docs/decisions.md").read_text().lower()
    for name in ("requirements.txt", "requirements-dev.txt"):
        chosen = (ROOT / name).read_text().split("# What those bring along")[0]
        for line in chosen.splitlines():
            part = re.split(r"[=\[;]", line.strip())[0].lower()
            if part and not part.startswith(("#", "-")):
                assert part in decisions, f"{part} has no reason in docs/decisions.md"
