"""What a group of incidents has to do after one of them changed."""

from __future__ import annotations

from escalations.services.storms import follow_child


def follow(number: int) -> None:
    """The first of the group becomes as severe as this part of it. May run twice or late."""
    follow_child(number)
