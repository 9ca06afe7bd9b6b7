"""The text part, told from the Markdown itself and not from the HTML.

A paragraph is one line, however long: every reader of text mail folds lines to its own window, and a line we had broken
at 78 signs would be broken again in the middle on a phone. (format=flowed, RFC 3676, would mend that only where it is
known, which Gmail and Outlook are not.) On the wire, quoted-printable keeps each line within 76. A link is written as
`words <URL>` (RFC 3986, appendix C), a button as words and URL on lines of their own.
"""

from dataclasses import dataclass

from markdown_it.token import Token

WORDS = {"text", "code_inline", "image", "softbreak", "hardbreak"}
LONGEST_RULE = 40  # signs under a heading
BUTTON_TOKENS = ("link_open", "link_close")


def told(tokens: list[Token], colon: str = ":") -> str:
    """The tokens of markdown-it as plain text, paragraphs parted by an empty line, one line end at the end.

    `colon` stands between the words of a button and its URL.
    """
    teller = _Teller(colon)
    for token in tokens:
        teller.hear(token)
    return "\n\n".join(teller.blocks).strip("\n") + "\n"


def is_button(token: Token) -> bool:
    """Whether an inline token is one link and nothing else."""
    children = token.children or []
    return (
        len(children) > 2
        and (children[0].type, children[-1].type) == BUTTON_TOKENS
        and sum(child.type == "link_open" for child in children) == 1
    )


@dataclass
class _Box:
    """A quotation or an item of a list that we are in: what its first line begins with, and what the others."""

    first: str
    rest: str


class _Teller:
    def __init__(self, colon: str) -> None:
        self.colon = colon
        self.blocks: list[str] = []
        self.boxes: list[_Box] = []
        self.lists: list[int | None] = []  # of each list we are in, the number of its next item; None: it has bullets
        self.apart = True  # an empty line comes before the next block
        self.heading = False

    def hear(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self.lists.append(None)
            case "ordered_list_open":
                self.lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
                self.apart = not self.lists
            case "list_item_open":
                bullet = self._bullet()
                self.boxes.append(_Box(bullet, " " * len(bullet)))
            case "blockquote_open":
                self.boxes.append(_Box("> ", "> "))
            case "list_item_close" | "blockquote_close":
                self.boxes.pop()
            case "paragraph_open" if not token.hidden:  # hidden: in a list whose items stand close together
                self.apart = True
            case "heading_open" | "heading_close":
                self.heading, self.apart = token.nesting > 0, True
            case "hr":
                self._say("* * *")
            case "fence" | "code_block":
                self._say("\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n")))
            case "inline":
                words = _button(token, self.colon) if is_button(token) else _line(token.children or [])
                self._say(words + ("\n" + "-" * min(len(token.content), LONGEST_RULE) if self.heading else ""))

    def _bullet(self) -> str:
        number = self.lists[-1]
        if number is None:
            return "- "
        self.lists[-1] = number + 1
        return f"{number}. "

    def _say(self, words: str) -> None:
        first, rest = ("".join(lead) for lead in ([b.first for b in self.boxes], [b.rest for b in self.boxes]))
        line, *more = words.split("\n")
        block = "\n".join([first + line, *(rest + line for line in more)])
        if self.apart or not self.blocks:
            self.blocks.append(block)
        else:
            self.blocks[-1] += "\n" + block
        for box in self.boxes:
            box.first = box.rest
        self.apart = not self.lists


def _button(token: Token, colon: str) -> str:
    opening, *words, _ = token.children or []
    return f"{_line(words)}{colon}\n{opening.attrs['href']}"


def _line(children: list[Token]) -> str:
    """The words of a line, every link followed by where it leads."""
    out: list[str] = []
    opening, began = None, 0
    for child in children:
        match child.type:
            case "link_open":
                opening, began = child, len(out)
            case "link_close" if opening:
                out[began:] = [_link("".join(out[began:]), opening)]
            case "softbreak":
                out.append(" ")
            case "hardbreak":
                out.append("\n")
            case _:
                out.append(child.content)
    return "".join(out)


def _link(words: str, opening: Token) -> str:
    target = str(opening.attrs["href"]).removeprefix("mailto:")
    return target if words in {target, opening.meta.get("url")} else f"{words} <{target}>"
