"""The tabs above every page, and which pages stand under which."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tab:
    """`place`: the blueprint whose index it opens. `blueprints`: where one is, it is the current one; on the pages that
    are the same for all texts, it is the one whose `nouns` stand in the address.
    """

    place: str
    words: str
    others: tuple[str, ...] = ()
    owners: bool = False  # for owners alone
    nouns: tuple[str, ...] = ()

    @property
    def blueprints(self) -> tuple[str, ...]:
        return (self.place, *self.others)

    def holds(self, blueprint: str, noun: str | None) -> bool:
        """Whether a page of this blueprint, about a text of this noun or about none, stands under it."""
        return noun in self.nouns if noun else blueprint in self.blueprints


TABS = (
    Tab("home", "Overview", ("behind", "lately", "door", "bookings", "letters")),
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
            "segments",
            "steering",
            "endings",
            "corrections",
            "merging",
            "evidence",
        ),
    ),
    Tab(
        "mails",
        "Mails",
        ("arranging", "courses", "figures", "calendar"),
        nouns=("mails", "notices", "translations"),  # of an issue: see Manner.under
    ),
    Tab(
        "newsletters",
        "Newsletters",
        ("orders", "progress", "resends", "notes", "rhythms", "in_archive", "results", "topics", "forgotten"),
        nouns=("newsletters",),
    ),
    Tab(
        "entrances",
        "Posts",
        ("own_posts", "own_covers", "own_forms", "own_embeds", "handouts"),
        nouns=("posts", "forms"),
    ),
    Tab("messages", "Sending", ("unknown", "wishes")),
    Tab("settings", "Settings", ("wording", "relays", "team", "audit"), owners=True),
)
OF_TEXTS = (
    "editor",
    "drafts",
    "revisions",
    "preview",
    "trials",
    "translations",
)  # under the tab of the noun in their address
APART = ("signin", "entry", "prove", "account", "codes")  # of whoever signs in, under no tab
