"""How a bulk action is said: on its button, when it is asked before, while it goes on, and when it is done."""

from dataclasses import dataclass

from funnel.models.bulk import BulkAction


@dataclass(frozen=True)
class Said:
    choice: str  # in the list of actions
    verb: str  # with “240 people” in it
    doing: str
    done: str  # after “240 people”
    undo: str = ""  # on the button; empty: it cannot be undone
    hurts: str = ""  # the word to be typed before it is done
    what: str = ""  # what it means, asked before


ACTIONS = {
    BulkAction.TAG: Said("Tag them", "Tag {}", "Tagging", "tagged", "Take the tag off again"),
    BulkAction.UNTAG: Said(
        "Take a tag off", "Take a tag off {}", "Taking it off", "without the tag now", "Put it back",
    ),
    BulkAction.PAUSE: Said(
        "Pause them", "Pause {}", "Pausing", "paused", "Undo the pause",
        what="No tip or newsletter until that day; the course goes on after it where it stood. Only active people are "
        "paused, and whoever is paused for longer stays so.",
    ),
    BulkAction.RESUME: Said(
        "End their pause", "End the pause of {}", "Ending pauses", "without a pause now", "Pause them again",
        what="The course comes back by the days that were left. Some of them asked for the pause themselves: end those "
        "only if they wish so.",
    ),
    BulkAction.STOP: Said(
        "Stop their course", "Stop the course of {}", "Stopping courses", "taken off their course", "Let them go on",
        what="No more mail of a course comes, and what waits of it is not sent. Newsletters still come.",
    ),
    BulkAction.ENROL: Said(
        "Put them on a course", "Put {} on a course", "Putting them on the course", "put on the course",
        "Take them off again",
        what="Mail 1 comes on the next day on which mails may come, in the hours of the course. Only to whoever may be "
        "mailed and was never on it. A newsletter that waits for them does not come in between, unless it is sent to "
        "those in a course too. They agreed to something: do this only if the course is part of that.",
    ),
    BulkAction.UNSUBSCRIBE: Said(
        "Unsubscribe them", "Unsubscribe {}", "Unsubscribing", "unsubscribed", hurts="unsubscribe",
        what="They get no mail any more. It cannot be undone: only they can come back, by signing up.",
    ),
    BulkAction.ERASE: Said(
        "Delete them", "Delete {}", "Deleting", "deleted", hurts="delete",
        what="Name, address and everything else about them is deleted for good, and cannot be brought back. The counts "
        "of the funnel stay true.",
    ),
}  # fmt: skip
