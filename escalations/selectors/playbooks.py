"""The library as pages and the API show it, and what is proposed on an incident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import (
    Count,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)

from accounts.models import User
from accounts.selectors.customers import tier_of
from config.lib.errors import DomainError
from escalations.models import Incident, KpiState, PlaybookTrigger
from escalations.rules.playbooks import Conditions, Surroundings, best, words
from escalations.selectors.playbook_runs import real_runs
from playbooks.models import Playbook, PlaybookRun, PlaybookVersion
from playbooks.models.runs import Outcome, RunState

SHOWN_RUNS = 10
STEP_COUNT = Count("steps")


def conditions(trigger: PlaybookTrigger) -> Conditions:
    return Conditions(
        kind=trigger.kind,
        kpi=trigger.kpi.code if trigger.kpi else "",
        kpi_name=trigger.kpi.name if trigger.kpi else "",
        failure_mode=trigger.failure_mode,
        product_area=trigger.product_area,
        tier=trigger.tier,
        category=trigger.category,
        severity_at_least=trigger.severity_at_least,
    )


def surroundings(incident: Incident) -> Surroundings:
    """What triggers ask of an incident; one query for a KPI incident."""
    kpi = incident.kpi
    state = ""
    if kpi is not None:
        states = KpiState.objects.filter(kpi=kpi, segment=incident.segment)
        state = states.values_list("state", flat=True).first() or ""
    return Surroundings(
        kind=incident.kind,
        kpi=kpi.code if kpi else "",
        failure_mode=state,
        product_area=incident.product_area or (kpi.product_area if kpi else ""),
        tier=tier_of(incident.account).value if incident.account else "",
        category=incident.category,
        severity=incident.severity,
    )


@dataclass(frozen=True, slots=True)
class Proposal:
    code: str
    name: str
    kind: str
    kind_label: str
    version: PlaybookVersion
    steps: int
    score: int
    why: str


def proposals(incident: Incident) -> list[Proposal]:
    """Playbooks in force that fit, the closest first; two queries and one for a KPI's state."""
    rows = PlaybookTrigger.objects.filter(
        playbook__is_active=True, playbook__versions__state="in_force"
    ).select_related("kpi")
    by_playbook: dict[int, list[Conditions]] = {}
    for row in rows.order_by("playbook_id", "position"):
        by_playbook.setdefault(row.playbook_id, []).append(conditions(row))
    if not by_playbook:
        return []
    known = surroundings(incident)
    matches = {pk: best(triggers, known) for pk, triggers in by_playbook.items()}
    fitting = {pk: match for pk, match in matches.items() if match is not None}
    versions = (
        PlaybookVersion.objects.filter(playbook__in=fitting, state="in_force")
        .select_related("playbook")
        .annotate(step_count=STEP_COUNT)
    )
    found = [
        Proposal(
            code=version.playbook.code,
            name=version.playbook.name,
            kind=version.playbook.kind,
            kind_label=version.playbook.get_kind_display(),
            version=version,
            steps=version.step_count,
            score=fitting[version.playbook_id].score,
            why=fitting[version.playbook_id].why,
        )
        for version in versions
    ]
    return sorted(found, key=lambda each: (-each.score, each.name))


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of the library; empty means all."""

    q: str = ""
    area: str = ""
    tier: str = ""
    kind: str = ""


def library(asked: Asked, user: User, *, with_inactive: bool = False) -> QuerySet[Playbook]:
    """Playbooks with `version_number`, `last_used_at`, `last_state` and `last_outcome`.

    A trigger's area counts as the playbook's; a playbook without an area is for every area, and
    one whose triggers name no tier is for every tier.
    """
    rows = Playbook.objects.all() if with_inactive else Playbook.objects.filter(is_active=True)
    for word in asked.q.split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(code__icontains=word)
            | Q(summary__icontains=word)
            | Q(product_area__icontains=word)
        )
    if asked.area:
        by_trigger = PlaybookTrigger.objects.filter(product_area__iexact=asked.area)
        rows = rows.filter(
            Q(product_area__iexact=asked.area)
            | Q(product_area="")
            | Q(pk__in=by_trigger.values("playbook"))
        )
    if asked.tier:
        tiered = PlaybookTrigger.objects.exclude(tier="")
        rows = rows.filter(
            Q(pk__in=tiered.filter(tier=asked.tier).values("playbook"))
            | ~Q(pk__in=tiered.values("playbook"))
        )
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    in_force = PlaybookVersion.objects.filter(playbook=OuterRef("pk"), state="in_force")
    last = real_runs(user).filter(version__playbook=OuterRef("pk")).order_by("-requested_at", "-pk")
    return rows.select_related("owner", "team").annotate(
        version_number=Subquery(in_force.values("number")[:1], output_field=IntegerField()),
        last_used_at=Subquery(last.values("requested_at")[:1]),
        last_state=Subquery(last.values("state")[:1]),
        last_outcome=Subquery(last.values("outcome")[:1]),
    )


def ended_as(state: str | None, outcome: str | None) -> str:
    """How a run ended or stands, in a word or two; empty without one."""
    if outcome:
        return str(Outcome(outcome).label)
    return str(RunState(state).label) if state else ""


def areas() -> list[str]:
    """Every product area that the library names."""
    found = set(Playbook.objects.values_list("product_area", flat=True).distinct())
    found |= set(PlaybookTrigger.objects.values_list("product_area", flat=True).distinct())
    return sorted(found - {""}, key=str.casefold)


def visible_playbook(code: str, user: User) -> Playbook:
    """Also one that is no longer active: old runs lead there. Raises 404 `not_found`."""
    rows = Playbook.objects.select_related("owner", "team").prefetch_related(
        Prefetch("triggers", PlaybookTrigger.objects.select_related("kpi")),
        Prefetch(
            "versions",
            PlaybookVersion.objects.select_related("published_by")
            .prefetch_related("steps")
            .order_by("-number"),
        ),
    )
    found = rows.filter(code=code).first() if user.has_perm("playbooks.view_playbook") else None
    if found is None:
        raise DomainError("not_found", f"There is no playbook {code}.", status=404)
    return found


@dataclass(frozen=True, slots=True)
class RunLine:
    pk: int
    asked_at: datetime
    asked_by: str
    version: str
    ended_as: str
    state: str
    outcome: str
    incident: Incident | None


@dataclass(frozen=True, slots=True)
class PlaybookPage:
    playbook: Playbook
    version: PlaybookVersion | None
    steps: tuple
    total_s: int
    triggers: tuple[str, ...]
    runs: tuple[RunLine, ...]
    older: tuple[PlaybookVersion, ...]
    may_see_drafts: bool


def playbook_page(playbook: Playbook, user: User) -> PlaybookPage:
    """`playbook` comes from `visible_playbook`; one query more."""
    versions = list(playbook.versions.all())
    version = next((each for each in versions if each.state == "in_force"), None)
    may_edit = user.has_perm("playbooks.change_playbook")
    steps = tuple(version.steps.all()) if version else ()
    rows = (
        real_runs(user)
        .filter(version__playbook=playbook)
        .select_related("version", "requested_by", "incident_playbook__incident")
        .order_by("-requested_at", "-pk")[:SHOWN_RUNS]
    )
    return PlaybookPage(
        playbook=playbook,
        version=version,
        steps=steps,
        total_s=sum(step.timebox_s for step in steps),
        triggers=tuple(sentence(trigger) for trigger in playbook.triggers.all()),
        runs=tuple(run_lines(rows)),
        older=tuple(
            each for each in versions if each is not version and (may_edit or each.effective_from)
        ),
        may_see_drafts=may_edit,
    )


def sentence(trigger: PlaybookTrigger) -> str:
    text = words(conditions(trigger))
    return f"{text[:1].upper()}{text[1:]}."


def run_lines(rows: Iterable[PlaybookRun]) -> Iterable[RunLine]:
    for run in rows:
        link = getattr(run, "incident_playbook", None)
        yield RunLine(
            pk=run.pk,
            asked_at=run.requested_at,
            asked_by=str(run.requested_by),
            version=str(run.version),
            ended_as=ended_as(run.state, run.outcome),
            state=run.state,
            outcome=run.outcome,
            incident=link.incident if link else None,
        )


def library_order() -> list:
    """What was used last comes first; never used at the end, by name."""
    return [F("last_used_at").desc(nulls_last=True), "name", "pk"]
