"""How the words look: the cleaned HTML of a mail with its styles inline, since many mail programs keep no other.

Colours here are those of light mode. The layout's style sheet turns them dark where a program knows how.
"""

import re

from funnel.mail.pieces import Pieces

SANS = "-apple-system,BlinkMacSystemFont,'Segoe UI','Helvetica Neue',Arial,sans-serif"
SERIF = "'Iowan Old Style',Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,serif"
INK, SOFT, LINE, ACCENT, ON_ACCENT = "#22292a", "#565f5d", "#ddd7cb", "#1d5c54", "#ffffff"

STYLES = {
    "p": "margin:0 0 16px",
    "h1": f"margin:0 0 20px;font-family:{SERIF};font-size:28px;line-height:1.2;font-weight:600;color:{INK}",
    "h2": f"margin:28px 0 10px;font-family:{SERIF};font-size:21px;line-height:1.3;font-weight:600;color:{INK}",
    "h3": f"margin:24px 0 8px;font-family:{SANS};font-size:16px;line-height:1.4;font-weight:600;color:{INK}",
    "ul": "margin:0 0 16px;padding:0 0 0 24px",
    "ol": "margin:0 0 16px;padding:0 0 0 24px",
    "li": "margin:0 0 8px",
    "a": f"color:{ACCENT};text-decoration:underline",
    "blockquote": f"margin:0 0 16px;padding:2px 0 2px 16px;border-left:3px solid {ACCENT};color:{SOFT}",
    "hr": f"margin:28px 0;border:0;border-top:1px solid {LINE}",
    "pre": "margin:0 0 16px;white-space:pre-wrap",
    "code": "font-family:Menlo,Consolas,monospace;font-size:15px",
}
# A cell with the colour and a link with the padding: the whole button is the link, 48 px high, where a program knows
# padding; Outlook for Windows does not, and takes the cell's.
BUTTON = (
    '<table role="presentation" border="0" cellpadding="0" cellspacing="0"'
    ' style="margin:24px 0;border-collapse:separate">'
    '<tr><td class="{look}" align="center" bgcolor="{fill}" style="border-radius:8px;border:1px solid {edge};'
    'background-color:{fill};mso-padding-alt:12px 28px">'
    '<a href="{href}" style="display:inline-block;padding:11px 28px;font-size:16px;line-height:24px;'
    'font-weight:600;color:{ink};text-decoration:none;border-radius:8px">{words}</a></td></tr></table>'
)
QUIET = "button quiet"
LOOKS = {
    "button": {"fill": ACCENT, "edge": ACCENT, "ink": ON_ACCENT},
    QUIET: {"fill": "#ffffff", "edge": "#7f857f", "ink": ACCENT},
}

_BUTTON_OF_A_PAGE = '<p><a class="{}" href="{}">{}</a></p>'
_BUTTON = re.compile(r'<p class="(button(?: quiet)?)"><a href="([^"]*)">(.*?)</a></p>', re.DOTALL)
# Not every mail program knows :last-child.
_LAST_QUOTED = re.compile(rf'<p style="{STYLES["p"]}">((?:(?!<p ).)*)</p>\s*</blockquote>', re.DOTALL)
_OTHER = {
    "text-align:left": "text-align:right",
    "padding:0 0 0 24px": "padding:0 24px 0 0",
    "padding:2px 0 2px 16px": "padding:2px 16px 2px 0",
    "border-left:3px": "border-right:3px",
}
_SIDES = re.compile("|".join(map(re.escape, _OTHER)))
_OPENING = re.compile(rf"<({'|'.join(sorted(STYLES, key=len, reverse=True))})(?=[ >])")


def dressed(html: str) -> str:
    """`html`, as nh3 wrote it, with styles on every element and buttons built of tables."""
    plain, buttons = [], []
    done = 0
    for found in _BUTTON.finditer(html):
        plain.append(_OPENING.sub(_styled, html[done : found.start()]))
        look, href, words = found.groups()
        buttons.append(BUTTON.format(look=look, href=href, words=words, **LOOKS[look]))
        done = found.end()
    plain.append(_OPENING.sub(_styled, html[done:]))
    whole = "".join(run + button for run, button in zip(plain, [*buttons, ""], strict=True))
    return _LAST_QUOTED.sub(r'<p style="margin:0">\1</p></blockquote>', whole)


def undressed(html: str) -> str:
    """`html`, as nh3 wrote it, for a page with a style sheet of its own: a button is a link of that class.

    A quiet one is left out: it is an answer of whoever got the mail, and a page is read by anybody.
    """
    return _BUTTON.sub(lambda found: "" if found[1] == QUIET else _BUTTON_OF_A_PAGE.format(*found.groups()), html)


def mirrored(page: Pieces) -> Pieces:
    """A whole mail in a language from right to left: what leans to one side in its styles leans to the other.

    Said by physical sides, since not every mail program knows the logical ones.
    """
    return tuple(_SIDES.sub(lambda found: _OTHER[found[0]], run) if isinstance(run, str) else run for run in page)


def _styled(opening: re.Match[str]) -> str:
    return f'<{opening[1]} style="{STYLES[opening[1]]}"'
