"""The nouns. Importing any of them brings in all, since their foreign keys name each other's tables."""

from funnel.models import content, editing, house, imports, letters, mail, people, responses, sending, tallies

__all__ = ["content", "editing", "house", "imports", "letters", "mail", "people", "responses", "sending", "tallies"]
