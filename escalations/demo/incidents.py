"""Sixty incidents of the demo company: what was wrong, and how people handled it.

A script is what people do after an incident opens. It looks at the incident as it became (the
policy decides its severity) and plans its steps on the stage.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account, User
from escalations.demo.stage import Stage, minutes
from escalations.models import Incident
from escalations.rules.lifecycle import OPEN_STATES, Verb
from escalations.services.moves import perform
from escalations.services.signals import SignalMessage, receive_signal

CORE_DOWN = {"users_pct": 35, "core_down_no_workaround": True}


@dataclass(frozen=True, slots=True)
class Trouble:
    title: str
    area: str
    category: str
    hint: str
    facts: dict[str, Any] = field(default_factory=dict)
    cause: str = "defect"
    fix: str = "fixed"


TROUBLES = (
    Trouble("Card payments declined for one acquirer", "payouts", "outage", "critical", CORE_DOWN),
    Trouble("Orders stuck in 'processing'", "shop", "degradation", "error", {"users_pct": 14}),
    Trouble("Invoices show last month's VAT", "billing", "billing", "warning", {"users_pct": 3}),
    Trouble("Search returns nothing for accents", "shop", "degradation", "warning"),
    Trouble("SSO sends people in circles", "login", "degradation", "error", {"users_pct": 4}),
    Trouble("Webhook deliveries an hour late", "api", "integration", "error", {"users_pct": 6}),
    Trouble("Payout file missing from SFTP", "payouts", "integration", "error", cause="process"),
    Trouble("Report export times out over 50k rows", "reporting", "degradation", "warning"),
    Trouble(
        "Names of another tenant in an export",
        "reporting",
        "data_legal",
        "critical",
        {"data_or_legal_suspected": True, "users_pct": 1},
        "change",
    ),
    Trouble("Push notices sent twice", "mobile", "degradation", "warning", cause="change"),
    Trouble("Map tiles do not load", "mobile", "integration", "warning", cause="third_party"),
    Trouble("Sign-up mails land in spam", "login", "integration", "warning", cause="third_party"),
    Trouble(
        "Checkout down in Europe", "shop", "outage", "critical", CORE_DOWN | {"arr_at_risk": 240000}
    ),
    Trouble("Discount codes rejected", "shop", "degradation", "error", {"users_pct": 9}, "change"),
    Trouble("Dashboard totals lag by an hour", "reporting", "degradation", "warning"),
    Trouble("API answers 502 now and then", "api", "degradation", "error", {"users_pct": 12}),
    Trouble("Contract question before renewal", "billing", "question", "info", fix="workaround"),
    Trouble(
        "Usage fell by a third", "service", "account_health", "warning", {"arr_at_risk": 60000}
    ),
    Trouble("Refund shown twice", "billing", "billing", "warning", {"users_pct": 1}),
    Trouble("Mobile app crashes on old phones", "mobile", "degradation", "error", {"users_pct": 5}),
)
AGENTS = ("agent", "agent2", "senior")
UPDATES = (
    "We see the fault and are narrowing it down.",
    "The cause is known; the fix is being tested.",
    "The fix is going out. We tell you as soon as it holds.",
    "No change yet, we are still working on it.",
)


class Incidents:
    """`people` by username; `stage` plays what is planned."""

    def __init__(self, stage: Stage, people: dict[str, User], seed: int) -> None:
        self.stage, self.people = stage, people
        self.chance = random.Random(seed)  # noqa: S311  a story, not a secret

    # --- opening --------------------------------------------------------------------------------
    def open(
        self,
        at: datetime,
        trouble: Trouble,
        account: str,
        script: Callable[[Incident, datetime], None] | None = None,
    ) -> None:
        def step(now: datetime) -> None:
            message = SignalMessage(
                source=self.chance.choice(("monitor", "help-desk", "status-mail")),
                dedup_key=f"{trouble.title.lower().replace(' ', '-')[:60]}-{now:%y%m%d%H%M}",
                is_firing=True,
                title=trouble.title,
                received_at=now,
                account=Account.objects.get(external_id=account),
                product_area=trouble.area,
                category=trouble.category,
                severity_hint=trouble.hint,
                facts=dict(trouble.facts),
            )
            incident = receive_signal(message, by=self.people["integrator"], at=now).incident
            assert incident is not None
            if script is not None:
                script(incident, now)

        self.stage.plan(at, step)

    # --- what people do -------------------------------------------------------------------------
    def do(self, number: int, at: datetime, verb: Verb, who: str, **given: object) -> None:
        """Planned for `at`; left out when the incident ended before."""

        def step(now: datetime) -> None:
            state = Incident.objects.values_list("state", flat=True).get(pk=number)
            if state in OPEN_STATES or verb in (Verb.REOPEN, Verb.CLOSE):
                perform(number, verb, given, by=self.people[who], at=now)

        self.stage.plan(at, step)

    def answer(self, incident: Incident, at: datetime, who: str, after: float) -> None:
        self.do(incident.number, at + minutes(after), Verb.ACKNOWLEDGE, who)

    def keep_told(self, number: int, at: datetime, who: str, until: float, every: float) -> None:
        told = every
        while told < until:
            text = self.chance.choice(UPDATES)
            self.do(number, at + minutes(told), Verb.UPDATE, who, text=text)
            told += every

    def solved(self, trouble: Trouble, *, who: str = "", late: bool = False) -> Any:
        """Answered, worked on, contained, watched and resolved; `late` misses the answer."""

        def script(incident: Incident, at: datetime) -> None:
            name, number = who or self.chance.choice(AGENTS), incident.number
            is_major = incident.severity <= 2
            pace = self.chance.uniform(0.7, 1.5) * (1 if is_major else 4)
            wait = (3 if incident.severity == 1 else 18) * self.chance.uniform(0.4, 1.2)
            self.answer(incident, at, name, wait + (40 if late else 0))
            start = wait + 50 if late else wait + 5
            work = start + 45 * pace
            plan = "Undo the last change, then find out why the tests let it through."
            self.do(number, at + minutes(start), Verb.MITIGATE, name, plan=plan)
            every = 25 if incident.severity == 1 else 55
            if is_major:
                self.keep_told(number, at, name, work + 60 * pace, every)
            evidence = "Error rate back to normal for ten minutes."
            self.do(number, at + minutes(work), Verb.PROPOSE_CONTAIN, name, evidence=evidence)
            if is_major:
                senior = "duty" if name == "senior" else "senior"
                self.do(number, at + minutes(work + 6), Verb.CONFIRM_CONTAIN, senior)
            sign = "orders a minute"
            self.do(number, at + minutes(work + 10), Verb.MONITOR, name, recovery_kpi=sign)
            self.do(
                number,
                at + minutes(work + 60 * pace + 10),
                Verb.RESOLVE,
                name,
                resolution_code=trouble.fix,
                cause_category=trouble.cause,
                final_update="It works again. Thank you for your patience.",
            )

        return script

    def waited_for(self, trouble: Trouble, hours: float) -> Any:
        """Solved after a wait for the customer, with every clock paused meanwhile."""

        def script(incident: Incident, at: datetime) -> None:
            name, number = self.chance.choice(AGENTS[:2]), incident.number
            self.answer(incident, at, name, 12)
            self.do(
                number,
                at + minutes(40),
                Verb.PAUSE,
                name,
                reason="customer_wait",
                awaiting=f"{incident.account}: logs of one failed attempt",
            )
            back = at + minutes(40) + timedelta(hours=hours)
            self.do(number, back, Verb.RESUME, name)
            self.do(number, back + minutes(10), Verb.MITIGATE, name, plan="Repair the mapping.")
            self.do(
                number,
                back + minutes(60),
                Verb.PROPOSE_CONTAIN,
                name,
                evidence="It works for them.",
            )
            if incident.severity <= 2:
                self.do(number, back + minutes(70), Verb.CONFIRM_CONTAIN, "senior")
            self.do(
                number,
                back + minutes(90),
                Verb.RESOLVE,
                name,
                resolution_code=trouble.fix,
                cause_category=trouble.cause,
                final_update="Solved together with you. Thank you.",
            )

        return script

    def false_alarm(self, incident: Incident, at: datetime) -> None:
        self.do(
            incident.number,
            at + minutes(25),
            Verb.CANCEL,
            "duty",
            reason="A probe was misconfigured; nobody was affected.",
        )

    def came_back(self, trouble: Trouble) -> Any:
        """Solved, reopened by the customer two days later, solved again."""
        again = self.solved(trouble)

        def script(incident: Incident, at: datetime) -> None:
            self.solved(trouble)(incident, at)
            later = at + timedelta(days=2)
            reason = "The customer sees it again."
            self.do(incident.number, later, Verb.REOPEN, "agent", reason=reason)
            again(incident, later)

        return script
