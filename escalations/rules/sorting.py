"""Which category a text and what is known of it speak for, and how surely (policy: sorting rules).

A rule matches when one of its keywords stands in the text, as whole words, and all of its fields
are equal; a rule without keywords asks for its fields alone. Case and composed letters make no
difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from escalations.rules.policy import PolicyDoc, SortingRule
from escalations.rules.routing_lint import Finding

# What a rule may ask about, as the route knows it.
FIELDS = ("kind", "source", "product_area", "customer_segment", "account", "kpi", "segment")
MOST_READ = 4_000  # characters of a text: who has a point makes it early
MOST_SUGGESTED = 3
_BETWEEN_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The best rule for one category. `words` are its keywords that were found and the fields that
    agreed, as the rule writes them."""

    category: str
    confidence: int
    rule: str
    words: tuple[str, ...]


def suggest(
    rules: Sequence[SortingRule], text: str, subject: Mapping[str, object]
) -> tuple[Suggestion, ...]:
    """One for each category that any rule speaks for, the surest first; of rules that are equally
    sure the earlier one counts."""
    read = _padded(text[:MOST_READ])
    best: dict[str, Suggestion] = {}
    for rule in rules:
        words = _matched(rule, read, subject)
        if words is None:
            continue
        if rule.category not in best or best[rule.category].confidence < rule.confidence:
            best[rule.category] = Suggestion(rule.category, rule.confidence, rule.name, words)
    place = {rule.name: number for number, rule in enumerate(rules)}
    return tuple(sorted(best.values(), key=lambda each: (-each.confidence, place[each.rule])))


def _matched(rule: SortingRule, read: str, subject: Mapping[str, object]) -> tuple[str, ...] | None:
    found = [word for word in rule.keywords if (key := _key(word)) and key in read]
    if rule.keywords and not found or not (rule.keywords or rule.fields):
        return None
    for name, value in rule.fields.items():
        given = subject.get(name)
        if given is None or _folded(str(given)) != _folded(value):
            return None
        found.append(f"{name.replace('_', ' ')} {value}")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Sorted:
    """What is made of an incident without a category. `category` is empty while it is in doubt;
    `confidence` is that of the best suggestion, 0 without any."""

    category: str
    confidence: int
    suggestions: tuple[Suggestion, ...]

    @property
    def is_in_doubt(self) -> bool:
        return not self.category

    def as_json(self) -> dict[str, Any]:
        return {
            "source": "rule" if self.category else "",
            "category": self.category,
            "confidence": self.confidence,
            "suggestions": [asdict(each) for each in self.suggestions],
        }


def sort_out(doc: PolicyDoc, text: str, subject: Mapping[str, object]) -> Sorted | None:
    """None where the policy sorts nothing."""
    if not doc.sorting:
        return None
    known = tuple(each for each in doc.sorting if each.category in doc.categories)
    found = suggest(known, text, subject)[:MOST_SUGGESTED]
    if not found:
        return Sorted("", 0, ())
    first = found[0]
    is_sure = first.confidence >= doc.category_from
    return Sorted(first.category if is_sure else "", first.confidence, found)


@lru_cache(maxsize=4096)
def _key(word: str) -> str:
    return padded if (padded := _padded(word)).strip() else ""


def _padded(text: str) -> str:
    """Its words with a blank around each, so that a whole word or phrase is found by `in`."""
    return f" {_BETWEEN_WORDS.sub(' ', _folded(text)).strip()} "


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


# --- looking it over ----------------------------------------------------------------------------
def lint_sorting(doc: PolicyDoc) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for place, rule in enumerate(doc.sorting):
        where = f"sorting rule {rule.name}"
        seen[rule.name] = seen.get(rule.name, 0) + 1
        if seen[rule.name] == 2:
            yield Finding(
                True, "sorting_twice", where, f"Two sorting rules are called {rule.name}."
            )
        if rule.category not in doc.categories:
            yield Finding(
                True,
                "unknown_category",
                where,
                f"{rule.name} sorts into {rule.category!r}: there is no such category.",
            )
        if not rule.keywords and not rule.fields:
            yield Finding(
                True, "empty_sorting_rule", where, f"{rule.name} names no keyword and no field."
            )
        if any(not _key(word) for word in rule.keywords):
            yield Finding(
                True,
                "empty_keyword",
                where,
                f"{rule.name} has a keyword without a letter or digit.",
            )
        for name in sorted(set(rule.fields) - set(FIELDS)):
            yield Finding(
                True,
                "unknown_field",
                where,
                f"{rule.name} asks about {name!r}. It may ask about {', '.join(FIELDS)}.",
            )
        yield from _shadowed(rule, doc.sorting[:place], where)
    if doc.sorting and all(rule.confidence < doc.category_from for rule in doc.sorting):
        yield Finding(
            False,
            "never_sure",
            "sorting",
            f"No sorting rule reaches {doc.category_from} per cent: people sort everything.",
        )


def _shadowed(rule: SortingRule, before: Iterable[SortingRule], where: str) -> Iterator[Finding]:
    """An earlier rule matches whenever this one does, and is no less sure of the same category."""
    keys = {_key(word) for word in rule.keywords}
    for other in before:
        wider = {_key(word) for word in other.keywords}
        matches_too = not wider or bool(keys) and keys <= wider
        asks_less = other.fields.items() <= rule.fields.items()
        if (
            (wider or other.fields)
            and matches_too
            and asks_less
            and other.category == rule.category
            and other.confidence >= rule.confidence
        ):
            yield Finding(
                False,
                "shadowed_sorting_rule",
                where,
                f"{rule.name} never decides: {other.name} matches whenever it does.",
            )
            return
