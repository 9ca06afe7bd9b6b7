"""What is wrong with a mail server as it was typed, in the words of its page."""

from collections.abc import Mapping

from funnel.relay import parse, spelled

LABELS = {
    "host": "Server",
    "port": "Port",
    "encryption": "Encryption",
    "rate": "Mails a second",
    "day": "Mails a day",
    "warmup": "Mails on the first day",
    "share": "Share",
    "pool": "Connections of each sending process",
}
A_HOST = "mail.example.org"
ENCRYPTIONS = ("required", "tls", "offered", "never")
HIGHEST_PORT = 65535
SMALL_NUMBER = "type a whole number from 1 to 9999."
MENDS = {
    "host": f"type its name as your provider gives it, such as {A_HOST}.",
    "port": "type a whole number such as 587, or leave it empty.",
    "encryption": "choose one of those offered.",
    "rate": "type a number such as 10, or 0.5 for one in two seconds.",
    "day": "type a whole number, such as 500.",
    "warmup": "type a whole number, such as 50.",
    "share": SMALL_NUMBER,
    "pool": SMALL_NUMBER,
}


def wrong(host: str, port: str, encryption: str, options: Mapping[str, str]) -> str:
    """All that is wrong, each by the label of its field; '' when nothing is."""
    found = [] if host and _is_read(host, {}) else ["host"]
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= HIGHEST_PORT):
        found.append("port")
    if encryption not in ENCRYPTIONS:
        found.append("encryption")
    found += [name for name, typed in options.items() if not _is_read(A_HOST, {name: typed})]
    if not found and not _is_read(A_HOST, options):
        return f"“{LABELS['warmup']}” is more than “{LABELS['day']}”: make it less."
    return " ".join(f"{LABELS[name]}: {MENDS[name]}" for name in found)


def _is_read(host: str, options: Mapping[str, str]) -> bool:
    try:
        parse(spelled(host, "", "", "", "offered", dict(options)))
    except ValueError:
        return False
    return True
