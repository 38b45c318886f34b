"""A policy document, as decoded, read into a `PolicyDoc`; every mistake is told by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from escalations.rules import policy_values as values
from escalations.rules.limits import Limits
from escalations.rules.policy import (
    Category,
    Condition,
    Example,
    Factor,
    Floor,
    FloorTest,
    Group,
    Ladder,
    LadderTarget,
    Level,
    PolicyDoc,
    RoutingRule,
    Severity,
    SeverityRule,
    SortingRule,
    TaskForceRule,
)

FORMAT = 1
T = TypeVar("T")
Error = tuple[str, str]  # path and sentence


class BadDocument(ValueError):
    """`errors`: path and sentence of each mistake."""

    def __init__(self, errors: list[Error]) -> None:
        super().__init__("; ".join(f"{path}: {said}" for path, said in errors))
        self.errors = errors


def read(content: Any, *, policy: str, number: int = 0) -> PolicyDoc:
    """The document of what `policy_documents.write` gives. Raises BadDocument with all mistakes."""
    reader = _Reader()
    doc = reader.policy(content, policy, number)
    if reader.errors or doc is None:
        raise BadDocument(reader.errors)
    return doc


class _Reader:
    """Reads on after a mistake, so that all are told."""

    def __init__(self) -> None:
        self.errors: list[Error] = []

    def policy(self, content: Any, name: str, number: int) -> PolicyDoc | None:
        top = self._fields(content, "", values.TOP)
        if top is None:
            return None
        if top["format"] != FORMAT:
            self._wrong("format", f"This reads format {FORMAT}.")
        bands: dict[Severity, int] = {}
        severities = {}
        for key, row in self._mapping(top["severities"], "severities").items():
            path = f"severities.{key}"
            severity = self._one(path, key, values.severity)
            if severity is not None and (rule := self._severity(path, row, severity, bands)):
                severities[severity] = rule
        for severity in (Severity.S1, Severity.S2, Severity.S3):
            if severity in severities and severity not in bands:
                self._wrong(f"severities.{severity.label}.score_from", "Say from which score.")
        limits = self._fields(
            top["limits"], "limits", {n: values.limit_of(n) for n in Limits.__slots__}
        )
        parts: dict[str, list[Any]] = {
            name: self._list(top[name], name, make)
            for name, make in (
                ("factors", self._factor),
                ("tests", self._test),
                ("floors", self._floor),
                ("categories", self._category),
                ("rules", self._rule),
                ("examples", self._example),
                ("sorting", self._sorting),
                ("task_forces", self._task_force),
            )
        }
        for part, thing in (("examples", "example"), ("sorting", "sorting rule")):
            names = [each.name for each in parts[part]]
            for place, named in enumerate(names):
                if named in names[:place]:
                    self._wrong(f"{part}[{place}].name", f"Another {thing} has this name.")
        ladders = {
            str(key): ladder
            for key, row in self._mapping(top["ladders"], "ladders").items()
            if (ladder := self._ladder(f"ladders.{key}", str(key), row)) is not None
        }
        if self.errors or limits is None:
            return None
        return PolicyDoc(
            version_id=0,
            policy=name,
            number=number,
            severities=severities,
            factors=tuple(parts["factors"]),
            bands=bands,
            tests=tuple(parts["tests"]),
            floors=tuple(parts["floors"]),
            rules=tuple(parts["rules"]),
            ladders=ladders,
            categories={each.code: each for each in parts["categories"]},
            warn_percents=tuple(top["warn_percents"]),
            min_confidence=top["min_confidence"],
            limits=Limits(**limits),
            examples=tuple(parts["examples"]),
            sorting=tuple(parts["sorting"]),
            category_from=top["category_from"],
            agreed_sources=top["agreed_sources"],
            task_forces=tuple(parts["task_forces"]),
            # A document that says nothing of them was written before versions carried them.
            has_task_forces_of_house="task_forces" not in content,
        )

    def _severity(
        self, path: str, row: Any, severity: Severity, bands: dict[Severity, int]
    ) -> SeverityRule | None:
        said = self._fields(row, path, values.SEVERITY)
        if said is None:
            return None
        if said["score_from"] is not None and severity is not Severity.S4:
            bands[severity] = said["score_from"]
        targets = {}
        for key, text in self._mapping(said["clocks"], f"{path}.clocks").items():
            target = self._one(f"{path}.clocks.{key}", (key, text), values.clock)
            if target is not None:
                targets[target.kind] = target
        return SeverityRule(
            severity=severity,
            targets=targets,
            ladder=said["ladder"] or None,
            ladder_start=said["ladder_start"],
            reescalate_after_ack_s=said["reescalate_after_ack"],
            monitor_window_s=said["monitor_window"],
        )

    def _factor(self, path: str, row: Any, place: int) -> Factor | None:
        said = self._fields(row, path, values.FACTOR)
        return Factor(**said) if said else None

    def _test(self, path: str, row: Any, place: int) -> FloorTest | None:
        said = self._fields(row, path, values.TEST)
        return FloorTest(**said) if said else None

    def _floor(self, path: str, row: Any, place: int) -> Floor | None:
        said = self._fields(row, path, values.FLOOR)
        return Floor(**said) if said else None

    def _category(self, path: str, row: Any, place: int) -> Category | None:
        said = self._fields(row, path, values.CATEGORY)
        return Category(**said) if said else None

    def _rule(self, path: str, row: Any, place: int) -> RoutingRule | None:
        said = self._fields(row, path, values.RULE)
        if said is None:
            return None
        when = said.pop("when")
        part = self._condition(f"{path}.when", when, depth=0) if when is not None else None
        if when is not None and part is None:
            return None
        if isinstance(part, Condition):
            part = Group("all", (part,))
        return RoutingRule(position=place, when=part, **{**said, "ladder": said["ladder"] or None})

    def _sorting(self, path: str, row: Any, place: int) -> SortingRule | None:
        full = {**values.OF_SORTING, **row} if isinstance(row, Mapping) else row
        said = self._fields(full, path, values.SORTING)
        return SortingRule(**said) if said else None

    def _task_force(self, path: str, row: Any, place: int) -> TaskForceRule | None:
        full = {**values.OF_TASK_FORCE, **row} if isinstance(row, Mapping) else row
        said = self._fields(full, path, values.TASK_FORCE)
        if said is None:
            return None
        channel, bridge = said.pop("channel"), said.pop("bridge")
        return TaskForceRule(place, **said, channel_url=channel, bridge_url=bridge)

    def _example(self, path: str, row: Any, place: int) -> Example | None:
        # What stands open here is not left out elsewhere.
        full = {**values.OF_EXAMPLE, **row} if isinstance(row, Mapping) else row
        said = self._fields(full, path, values.EXAMPLE)
        return Example(**said) if said else None

    def _condition(self, path: str, row: Any, depth: int) -> Condition | Group | None:
        if (
            isinstance(row, Mapping)
            and len(row) == 1
            and (match := next(iter(row))) in values.MATCHES
        ):
            if depth >= 2:
                self._wrong(path, "Groups nest at most two deep.")
                return None
            inner = row[match]
            if not isinstance(inner, list) or not inner:
                self._wrong(path, f"{match} has a list of conditions.")
                return None
            parts = [
                self._condition(f"{path}.{match}[{place}]", each, depth + 1)
                for place, each in enumerate(inner)
            ]
            return Group(match, tuple(part for part in parts if part is not None))
        said = self._fields(row, path, values.CONDITION)
        return Condition(**said) if said else None

    def _ladder(self, path: str, name: str, row: Any) -> Ladder | None:
        said = self._fields(row, path, values.LADDER)
        if said is None:
            return None
        levels = self._list(said.pop("levels"), f"{path}.levels", self._level)
        fallback = self._list(said.pop("fallback"), f"{path}.fallback", self._target)
        every = said.pop("fallback_every")
        return Ladder(
            name=name,
            levels=tuple(levels),
            fallback=tuple(fallback),
            fallback_every_s=every,
            **said,
        )

    def _level(self, path: str, row: Any, place: int) -> Level | None:
        said = self._fields(row, path, values.LEVEL)
        if said is None:
            return None
        targets = self._list(said.pop("targets"), f"{path}.targets", self._target)
        timeout = said.pop("ack_timeout")
        return Level(number=place, ack_timeout_s=timeout, targets=tuple(targets), **said)

    def _target(self, path: str, row: Any, place: int) -> LadderTarget | None:
        said = self._fields(row, path, values.TARGET)
        return LadderTarget(**said) if said else None

    # --- pieces ---------------------------------------------------------------------------------
    def _wrong(self, path: str, sentence: str) -> None:
        self.errors.append((path, sentence))

    def _one(self, path: str, value: Any, make: Callable[[Any], T]) -> T | None:
        try:
            return make(value)
        except values.Wrong as error:
            self._wrong(path, str(error))
            return None

    def _mapping(self, value: Any, path: str) -> Mapping[Any, Any]:
        if isinstance(value, Mapping):
            return value
        self._wrong(path, "Write names with what belongs to each.")
        return {}

    def _list(self, value: Any, path: str, make: Callable[[str, Any, int], T | None]) -> list[T]:
        if not isinstance(value, list):
            self._wrong(path, "Write a list.")
            return []
        found = [make(f"{path}[{place}]", row, place + 1) for place, row in enumerate(value)]
        return [each for each in found if each is not None]

    def _fields(
        self, value: Any, path: str, known: Mapping[str, Callable[[Any], Any]]
    ) -> dict[str, Any] | None:
        """Each field made of what is written; None if one is wrong, missing or not known."""
        before = len(self.errors)
        if not isinstance(value, Mapping):
            self._wrong(path, f"Write {', '.join(known)}.")
            return None
        for name in value:
            if name not in known:
                self._wrong(_join(path, name), f"Not known. Known here: {', '.join(known)}.")
        found: dict[str, Any] = {}
        for name, make in known.items():
            if name not in value and name not in values.OPTIONAL:
                self._wrong(_join(path, name), "Missing.")
                continue
            given = value[name] if name in value else values.OPTIONAL[name]
            found[name] = self._one(_join(path, name), given, make)
        return found if len(self.errors) == before else None


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
