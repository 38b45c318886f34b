"""What a record says to a reader who may not see every figure in it.

The stored explanation and the timeline quote facts, some of which are sensitive. Names, results and
points stay, so that a decision can still be explained; the figure itself does not.
"""

from __future__ import annotations

from typing import Any

from config.lib.sensitive import hidden_facts

HIDDEN_WORDS = "it asks about a figure that you may not see"
NAMED_BY = ("fact", "name", "field")
VALUES = ("value", "before", "after")


def discreet(said: Any, user: Any) -> Any:
    """A copy of JSON-like `said` without the values of facts that `user` may not see."""
    hidden = hidden_facts(user)
    return _without(said, hidden) if hidden else said


def _without(said: Any, hidden: frozenset[str]) -> Any:
    match said:
        case dict():
            is_secret = any(said.get(key) in hidden for key in NAMED_BY)
            return {
                key: None if is_secret and key in VALUES else _without(value, hidden)
                for key, value in said.items()
                if key not in hidden
            }
        case list() | tuple():
            return [_without(part, hidden) for part in said]
        case str() if any(name in said and name != said for name in hidden):
            return HIDDEN_WORDS  # words of a rule, such as "arr_at_risk > 50000: it is 95000"
    return said
