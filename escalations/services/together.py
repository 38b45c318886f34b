"""One verb on several incidents: each is answered on its own, and refused on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from config.lib.errors import DomainError
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform

TOGETHER = frozenset(
    {
        Verb.CLAIM,
        Verb.ACKNOWLEDGE,
        Verb.ESCALATE,
        Verb.NOTE,
        Verb.HAND_OFF,
        Verb.ACCEPT_HAND_OFF,
        Verb.WITHDRAW_HAND_OFF,
    }
)
MOST = 100
SAID = 3  # refusals told in full


@dataclass(frozen=True, slots=True)
class Refusal:
    key: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` are numbers."""

    done: tuple[int, ...]
    refused: tuple[Refusal, ...]

    @property
    def sentence(self) -> str:
        """7 done, 1 refused: INC-4 why."""
        found = f"{len(self.done)} done"
        if self.refused:
            said = [f"{each.key}: {each.sentence}" for each in self.refused[:SAID]]
            more = len(self.refused) - SAID
            found += f", {len(self.refused)} refused. " + " ".join(said)
            found += f" And {more} more." if more > 0 else ""
            return found
        return found + "."


def perform_each(
    numbers: Iterable[int],
    verb: Verb,
    given: Mapping[str, Any] | Callable[[int], Mapping[str, Any]],
    *,
    by: User,
    at: datetime,
) -> Outcome:
    """A transaction each, in the order of their numbers. `given` may differ by number."""
    done: list[int] = []
    refused: list[Refusal] = []
    for number in sorted(set(numbers))[:MOST]:
        try:
            fields = given(number) if callable(given) else given
            perform(number, verb, fields, by=by, at=at)
        except DomainError as error:
            refused.append(Refusal(f"INC-{number}", error.code, error.detail))
        else:
            done.append(number)
    return Outcome(tuple(done), tuple(refused))
