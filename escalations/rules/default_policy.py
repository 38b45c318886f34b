"""The policy a new installation starts with (SEMANTICS 1.1, 2.1, 4.1).

Starting values only: the governance committee edits them as versions of the policy. Rosters are
named `primary`, `secondary` and `duty`, the team that takes what nobody else takes `frontline`.
"""

from __future__ import annotations

from decimal import Decimal

from escalations.rules.policy import (
    Category,
    ClockKind,
    ClockTarget,
    EveryHours,
    Example,
    Factor,
    Floor,
    FloorTest,
    Ladder,
    LadderStart,
    LadderTarget,
    Level,
    PolicyDoc,
    QuietHours,
    RoutingRule,
    Severity,
    SeverityRule,
    TargetKind,
    TaskForceRule,
)

MINUTE, HOUR, DAY = 60, 3600, 86400
S1, S2, S3, S4 = Severity


def default_policy() -> PolicyDoc:
    """The default version: number 1 of the policy `default`, not yet stored (version id 0)."""
    return PolicyDoc(
        version_id=0,
        policy="default",
        number=1,
        severities=_severities(),
        factors=_factors(),
        bands={S1: 8000, S2: 6000, S3: 3500},
        tests=_tests(),
        floors=_floors(),
        rules=(RoutingRule(position=1, name="Everything else", when=None, team="frontline"),),
        ladders={ladder.name: ladder for ladder in _ladders()},
        categories={category.code: category for category in _categories()},
        examples=_examples(),
        task_forces=_task_forces(),
    )


def _examples() -> tuple[Example, ...]:
    """Of SEMANTICS 4.1: the core is down for many, a suspicion on the free tier, one user."""
    down = {"arr_at_risk": 400_000, "users_pct": 35, "core_down_no_workaround": True}
    suspected = {"customer_segment": "free", "data_or_legal_suspected": True}
    last = "Everything else"
    return (
        Example(
            "Core down for many",
            {"customer_segment": "enterprise", **down},
            last,
            S1,
            "frontline",
            "s1",
            {"technical": 4, "business": 4, "reputation": 3},
        ),
        Example(
            "Exposure suspected on the free tier",
            suspected,
            last,
            S2,
            anchors={"technical": 2, "business": 1, "revenue": 0, "reputation": 3},
        ),
        Example(
            "One user of a small customer",
            {"customer_segment": "smb", "arr_at_risk": 500},
            last,
            S4,
            anchors={"technical": 1, "business": 1, "reputation": 0},
        ),
    )


def _task_forces() -> tuple[TaskForceRule, ...]:
    """Channels and bridges are the house's to name."""
    return (
        TaskForceRule(1, "Worst trouble", S1, team="frontline", meets=EveryHours(2)),
        TaskForceRule(
            2, "Strategic customers", S2, tier="strategic", team="frontline", meets=EveryHours(4)
        ),
        TaskForceRule(
            3, "Enterprise customers", S2, tier="enterprise", team="frontline", meets=EveryHours(8)
        ),
    )


def _severities() -> dict[Severity, SeverityRule]:
    response, restore = ClockKind.RESPONSE, ClockKind.RESTORE
    resolution, cadence = ClockKind.RESOLUTION, ClockKind.CADENCE
    # (seconds, counts service hours); 80 h of S4 are business hours, never "days"
    targets = {
        S1: {
            response: (5 * MINUTE, False),
            restore: (2 * HOUR, False),
            resolution: (24 * HOUR, False),
            cadence: (30 * MINUTE, False),
        },
        S2: {
            response: (30 * MINUTE, False),
            restore: (8 * HOUR, False),
            resolution: (5 * 24 * HOUR, False),
            cadence: (60 * MINUTE, False),
        },
        S3: {
            response: (4 * HOUR, True),
            resolution: (24 * HOUR, True),
            cadence: (8 * HOUR, True),
        },
        S4: {response: (8 * HOUR, True), resolution: (80 * HOUR, True)},
    }
    # ladder, when it starts, silence after which an acknowledgement expires, monitor window
    climbs = {
        S1: ("s1", LadderStart.AT_ONCE, 30 * MINUTE, 60 * MINUTE),
        S2: ("s2", LadderStart.AT_ONCE, 2 * HOUR, 30 * MINUTE),
        S3: ("queue", LadderStart.ON_RESPONSE_BREACH, 0, 0),
        S4: ("queue", LadderStart.ON_RESPONSE_BREACH, 0, 0),
    }
    return {
        severity: SeverityRule(
            severity,
            {kind: ClockTarget(kind, *target) for kind, target in targets[severity].items()},
            *climbs[severity],
        )
        for severity in Severity
    }


def _factors() -> tuple[Factor, ...]:
    return (
        Factor(
            "technical",
            "Technical severity",
            30,
            2,
            (
                "Cosmetic",
                "Minor, workaround",
                "Degraded, workaround",
                "Core function degraded, no workaround",
                "Core down or data loss",
            ),
        ),
        Factor(
            "business",
            "Business impact",
            25,
            2,
            (
                "None",
                "One team slowed",
                "One process blocked",
                "Several processes or a deadline today",
                "Customer's business stopped or contract penalty",
            ),
        ),
        Factor(
            "segment",
            "Customer segment",
            15,
            2,
            ("Free", "SMB", "Mid", "Enterprise or high potential", "Strategic"),
        ),
        Factor(
            "revenue",
            "ARR at risk",
            20,
            2,
            ("None", "Under 10k", "10k to 50k", "Over 50k to 250k", "Over 250k"),
        ),
        Factor(
            "reputation",
            "Reputational risk",
            10,
            2,
            (
                "None",
                "Single complaint",
                "Several, or a social mention",
                "Press or a partner asks",
                "Regulator or public outage",
            ),
        ),
    )


def _tests() -> tuple[FloorTest, ...]:
    return (
        FloorTest("T1", "ARR at risk above 50,000", "arr_at_risk", ">", Decimal(50000)),
        FloorTest("T2", "More than 10 % of users affected", "users_pct", ">", Decimal(10)),
        FloorTest("T3", "Data or legal risk confirmed", "data_or_legal_confirmed", "is", True),
        FloorTest(
            "T4", "Core function down without workaround", "core_down_no_workaround", "is", True
        ),
        FloorTest("T5", "Data or legal risk suspected", "data_or_legal_suspected", "is", True),
        FloorTest("T6", "Uptime or error-rate threshold breached", "uptime_breached", "is", True),
    )


def _floors() -> tuple[Floor, ...]:
    return (
        Floor(S1, ("T3",)),
        Floor(S1, ("T4", "T1")),
        Floor(S1, ("T4", "T2")),
        Floor(S1, ("T1", "T2")),
        *(Floor(S2, (code,)) for code in ("T1", "T2", "T4", "T5", "T6")),
    )


def _ladders() -> tuple[Ladder, ...]:
    primary = LadderTarget(TargetKind.ROSTER, "primary")
    secondary = LadderTarget(TargetKind.ROSTER, "secondary")
    duty = LadderTarget(TargetKind.ROSTER, "duty")
    frontline = LadderTarget(TargetKind.TEAM, "frontline")
    above = (
        LadderTarget(TargetKind.MANAGER_OF, "primary", depth=1),
        LadderTarget(TargetKind.ROLE, "sponsor"),
    )
    return (
        Ladder(
            name="s1",
            levels=(
                Level(1, 5 * MINUTE, (primary,)),
                Level(2, 5 * MINUTE, (secondary,)),
                Level(3, 10 * MINUTE, (duty,)),
                Level(4, 15 * MINUTE, above),
            ),
            repeat=2,
            on_breach_level=3,
            fallback=(duty, frontline),
        ),
        Ladder(
            name="s2",
            levels=(
                Level(1, 30 * MINUTE, (primary,)),
                Level(2, 30 * MINUTE, (secondary,)),
                # Who is asleep is left alone by S2 from here on.
                Level(3, 60 * MINUTE, (duty,), quiet_hours=QuietHours.RESPECT),
            ),
            repeat=1,
            on_breach_level=3,
            fallback=(duty, frontline),
        ),
        # A notice in the work queue, never a phone call: one level, told again once a day.
        Ladder(
            name="queue",
            levels=(Level(1, 8 * HOUR, (frontline,), quiet_hours=QuietHours.RESPECT),),
            repeat=0,
            on_breach_level=1,
            fallback=(duty, frontline),
            fallback_every_s=DAY,
        ),
    )


def _categories() -> tuple[Category, ...]:
    return (
        Category("outage", "Service outage", S2),
        Category("degradation", "Degraded performance"),
        Category("data_legal", "Data, privacy or legal", S2),
        Category("campaign", "Campaign performance"),
        Category("integration", "Integration or tracking"),
        Category("billing", "Billing"),
        Category("account_health", "Account health"),
        Category("question", "Question"),
    )
