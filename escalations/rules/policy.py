"""What a policy version says, as one frozen value.

`PolicyDoc` is the only form in which a rule sees a policy. It is built from the rows of a
`PolicyVersion` by one function (`escalations.selectors.policies.policy_doc`), hashed when the
version is approved and cached by version id. Teams, rosters, people and ladders are named by
code, never by primary key, so that the same document reads the same in every database.

Units: durations in whole seconds (`_s`), weights and percentages in whole per cent, scores in
basis points of the 0-100 scale (6250 is 62.50), money in `Decimal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from enum import IntEnum, StrEnum

from escalations.rules.limits import Limits


class Severity(IntEnum):
    """S1 is the worst. Compare as numbers: smaller is more severe."""

    S1 = 1
    S2 = 2
    S3 = 3
    S4 = 4

    @property
    def label(self) -> str:
        return self.name


class ClockKind(StrEnum):
    """The running promises of one incident (SEMANTICS 1.1)."""

    RESPONSE = "response"
    RESTORE = "restore"
    RESOLUTION = "resolution"
    CADENCE = "cadence"
    OLA = "ola"


class LadderStart(StrEnum):
    AT_ONCE = "at_once"
    ON_RESPONSE_BREACH = "on_response_breach"


@dataclass(frozen=True, slots=True)
class ClockTarget:
    """How long a clock may run. `is_business` counts the account's or team's service hours."""

    kind: ClockKind
    target_s: int
    is_business: bool


@dataclass(frozen=True, slots=True)
class SeverityRule:
    severity: Severity
    targets: Mapping[ClockKind, ClockTarget]
    ladder: str | None
    ladder_start: LadderStart
    reescalate_after_ack_s: int  # 0 switches it off
    monitor_window_s: int


@dataclass(frozen=True, slots=True)
class Factor:
    """One row of the rubric: anchor 0-4 times `weight`; weights of a version sum to 100."""

    code: str
    label: str
    weight: int
    default_anchor: int
    anchors: tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class FloorTest:
    """A question about one fact. `op` is ">" (strict) or "is"."""

    code: str
    label: str
    fact: str
    op: str
    value: Decimal | bool


@dataclass(frozen=True, slots=True)
class Floor:
    """`severity` holds at least when every test in `all_of` is true."""

    severity: Severity
    all_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    op: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Group:
    """ALL or ANY of its parts; groups nest at most two deep."""

    match: str  # "all" | "any"
    parts: tuple[Condition | Group, ...]


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """First match wins. `when` of the last rule is None: the mandatory fallback."""

    position: int
    name: str
    when: Group | None
    team: str
    ladder: str | None = None
    skill: str = ""
    severity_floor: Severity | None = None


class TargetKind(StrEnum):
    """`manager_of` names a roster by its code, or any target as "kind:ref", itself perhaps one."""

    ROSTER = "roster"  # ref: roster code
    NEXT_ON_CALL = "next_on_call"  # ref: roster code; who comes on call after the one who is
    ROLE = "role"  # ref: commander, backup, sponsor, facilitator
    TEAM = "team"  # ref: team code; all current members
    PERSON = "person"  # ref: username
    MANAGER_OF = "manager_of"  # ref: as above; depth 1-3 managers up
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class LadderTarget:
    kind: TargetKind
    ref: str = ""
    depth: int = 1


class Notify(StrEnum):
    """Whom a roster means: who is on call, or who comes on call next."""

    ALL = "all"
    NEXT = "next"


class QuietHours(StrEnum):
    RESPECT = "respect"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Level:
    number: int  # from 1, without holes
    ack_timeout_s: int
    targets: tuple[LadderTarget, ...]
    notify: Notify = Notify.ALL
    require_acks: int = 1  # of those paged on the level; all of them where fewer were
    quiet_hours: QuietHours = QuietHours.IGNORE
    channels_min: int = 1  # ways of each person; all of them where there are fewer


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels are climbed in order, then `repeat` more times, then the fallback for ever."""

    name: str
    levels: tuple[Level, ...]
    repeat: int
    on_breach_level: int
    fallback: tuple[LadderTarget, ...]
    fallback_every_s: int = 900
    max_pages_total: int = 50


@dataclass(frozen=True, slots=True)
class Category:
    """A row of the issue taxonomy. `default_severity` is a floor marked *default* (4.1)."""

    code: str
    label: str
    default_severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class SortingRule:
    """Speaks for a category where any keyword is said and every field is equal, with `confidence`
    from 1 to 100 per cent."""

    name: str
    category: str
    confidence: int
    keywords: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EveryHours:
    """A standing meeting, counted from when the task force was formed."""

    hours: int


@dataclass(frozen=True, slots=True)
class Daily:
    """A standing meeting at a local time."""

    at: time
    zone: str


@dataclass(frozen=True, slots=True)
class TaskForceRule:
    """Asks for a task force where every condition that is said holds; the lowest position wins.
    Who is in `team` (its code) sits in, as its members are when it is formed."""

    position: int
    name: str
    severity_at_least: Severity
    tier: str = ""
    product_area: str = ""
    category: str = ""
    team: str = ""
    channel_url: str = ""
    bridge_url: str = ""
    meets: EveryHours | Daily | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: under this version, `given` (what rules may ask about and facts, by name)
    and `anchors` (by factor) reach the rule of this name. Severity, team and ladder are expected
    only where they are said."""

    name: str
    given: Mapping[str, object]
    rule: str
    severity: Severity | None = None
    team: str = ""
    ladder: str = ""
    anchors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyDoc:
    version_id: int
    policy: str
    number: int
    severities: Mapping[Severity, SeverityRule]
    factors: tuple[Factor, ...]
    bands: Mapping[Severity, int]  # S1..S3 -> least score in basis points; below is S4
    tests: tuple[FloorTest, ...]
    floors: tuple[Floor, ...]
    rules: tuple[RoutingRule, ...]
    ladders: Mapping[str, Ladder]
    categories: Mapping[str, Category] = field(default_factory=dict)
    warn_percents: tuple[int, ...] = (50, 75, 90)
    min_confidence: int = 60  # per cent of weight known, below it: "check severity"
    limits: Limits = Limits()
    examples: tuple[Example, ...] = ()
    sorting: tuple[SortingRule, ...] = ()
    category_from: int = 70  # per cent: a rule this sure sets the category, others suggest it
    agreed_sources: tuple[str, ...] = ()  # by which customers reach us; none: by any
    task_forces: tuple[TaskForceRule, ...] = ()
    # The version is older than task forces in versions: these are the rules that the house had.
    has_task_forces_of_house: bool = False

    @property
    def label(self) -> str:
        return f"{self.policy} v{self.number}"
