"""The tabs above every page, and which pages stand under which."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tab:
    """`place`: the blueprint whose index it opens. `blueprints`: where one is, it is the current one."""

    place: str
    words: str
    others: tuple[str, ...] = ()
    owners: bool = False  # for owners alone

    @property
    def blueprints(self) -> tuple[str, ...]:
        return (self.place, *self.others)


TABS = (
    Tab("home", "Overview", ("behind", "lately", "bookings", "letters")),
    Tab(
        "people",
        "People",
        (
            "imports",
            "import_lines",
            "export",
            "by_hand",
            "bulk",
            "tags",
            "steering",
            "endings",
            "corrections",
            "merging",
        ),
    ),
    Tab(
        "mails",
        "Mails",
        ("editor", "drafts", "revisions", "arranging", "courses", "preview", "trials", "figures", "calendar"),
    ),
    Tab(
        "entrances",
        "Posts and forms",
        ("own_posts", "own_forms", "post_checks", "text_editor", "text_drafts", "text_revisions"),
    ),
    Tab("messages", "Sending", ("unknown", "wishes")),
    Tab("settings", "Settings", ("wording", "relays", "team", "audit"), owners=True),
)
APART = ("signin", "entry", "prove", "account", "codes")  # of whoever signs in, under no tab
