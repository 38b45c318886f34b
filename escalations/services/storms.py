"""Incidents that come together: who is part of whom, and whose ladder stays silent in a storm.

Decided set-wise for a burst: a handful of statements, however many incidents it opens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q

from config.lib.queue import enqueue
from config.lib.statements import ask, marks
from escalations.models import Incident, Storm
from escalations.rules.lifecycle import OPEN_STATES, UNANSWERED
from escalations.rules.limits import Limits
from escalations.rules.policy import LadderStart, Severity
from escalations.rules.storms import (
    OVERALL,
    Group,
    ends_at,
    group_of,
    limit_of,
)
from escalations.selectors.groups import counts_of, dimensions, last_parts, roots_of
from escalations.selectors.policies import policy_doc
from escalations.services.clocks import refresh_queue_fields
from escalations.services.ladders import start_run
from escalations.services.locks import lock_incident, lock_incidents
from escalations.services.recorder import Recorder
from escalations.services.severity import FOLLOW, apply_severity

LASTING = "SELECT id FROM escalations_storm WHERE ended_at IS NULL"
# Nobody is looked up further back than this, whatever a policy says.
FURTHEST = timedelta(hours=24)


def gather(incidents: Sequence[Incident], recorder: Recorder) -> dict[int, Incident]:
    """Put new incidents, which have numbers and are not stored yet, under the first of those they
    came with; returns those firsts by number. Who is `held_by` a storm climbs no ladder: its parent
    pages for it."""
    if not incidents:
        return {}
    at, drill = recorder.at, incidents[0].drill_id
    limits = policy_doc(incidents[0].policy_version_id).limits
    # Locked: one that ends meanwhile would wake nobody who is held back by it from now on.
    concerned = {OVERALL}.union(*(dimensions(incident) for incident in incidents))
    storms = {storm.dimension: storm for storm in _lasting(concerned, drill)}
    # Who is in a storm needs no group and begins no storm.
    loose = [each for each in incidents if _storm_of(each, dimensions(each), storms) is None]
    parents = {incident.number: incident for incident in incidents}
    groups = _groups(drill, loose, at, limits, parents) if loose else []
    counts = Counter[str]()
    if loose:
        counts = counts_of(drill, at - _within(limits), at, limits.storm_overall)
    _load(parents, storms)
    known = _accounts_of(storms, incidents)
    held: Counter[str] = Counter()
    for incident in incidents:
        shared = dimensions(incident)
        group = group_of(groups, shared, at, limits)
        counts.update({*shared, OVERALL})
        storm = _storm_of(incident, shared, storms)
        if storm is None:
            storm = _begin(shared, counts, group, parents, incidents, at, limits)
            if storm is not None:
                storms[storm.dimension] = storm
                known |= {each.account_id for each in (parents[storm.parent_id],)}
        if storm is not None and not _stands(parents, storm):
            storm.parent = incident  # the one that paged for all has ended: this one does now
            storm.save(update_fields=["parent"])
        elif storm is not None and storm.parent_id != incident.number:
            incident.parent_id = storm.parent_id
            is_new_account = incident.account_id is not None and incident.account_id not in known
            if incident.severity != Severity.S1 or not is_new_account:
                incident.held_by = storm
                held[storm.dimension] += 1
        elif group is not None and group.first != incident.number:
            incident.parent_id = int(str(group.first))
        known.add(incident.account_id)
        if group is None and incident.parent_id is None:
            groups.append(Group(incident.number, shared, at, at))
        elif group is not None:
            groups[groups.index(group)] = replace(group, last_at=at)
    _tell(incidents, parents, recorder)
    for storm in storms.values():
        if held[storm.dimension]:
            Storm.objects.filter(pk=storm.pk).update(
                suppressed=F("suppressed") + held[storm.dimension]
            )
            _say(storm, held[storm.dimension], parents[storm.parent_id], recorder)
    return parents


def _lasting(dimensions: Iterable[str], drill: int | None) -> list[Storm]:
    """Storms of these that last, locked. Mostly none: then this is one look at an index."""
    wanted = sorted(dimensions)
    in_drill = "drill_id IS NULL" if drill is None else "drill_id = %s"
    lock = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    text = f"{LASTING} AND {in_drill} AND dimension IN {marks(wanted)} ORDER BY id{lock}"
    found = ask(text, [*([] if drill is None else [drill]), *wanted])
    rows = Storm.objects.filter(pk__in=[pk for (pk,) in found]).order_by("pk")
    return list(rows) if found else []


def _groups(
    drill: int | None,
    incidents: Sequence[Incident],
    at: datetime,
    limits: Limits,
    parents: dict[int, Incident],
) -> list[Group]:
    """The groups that one of these may belong to; their firsts are added to `parents`. Two
    queries."""
    since = at - min(timedelta(seconds=limits.group_at_most_s), FURTHEST)
    roots = {root.incident.number: root for root in roots_of(drill, incidents, since, at)}
    parents.update((number, root.incident) for number, root in roots.items())
    last = {number: root.incident.opened_at for number, root in roots.items()}
    if roots:
        last |= last_parts(drill, roots)
    return [
        Group(number, root.shared, root.incident.opened_at, last[number])
        for number, root in roots.items()
    ]


def _within(limits: Limits) -> timedelta:
    return min(timedelta(seconds=limits.storm_within_s), FURTHEST)


def _load(parents: dict[int, Incident], storms: dict[str, Storm]) -> None:
    """Add the parents of storms. One query."""
    wanted = {storm.parent_id for storm in storms.values()} - parents.keys()
    if wanted:
        parents.update(Incident.objects.in_bulk(wanted))


def _accounts_of(storms: dict[str, Storm], incidents: Sequence[Incident]) -> set[int | None]:
    """Customers of these S1 that were told of already: theirs is no news."""
    firsts = [storm.parent_id for storm in storms.values()]
    asked = {each.account_id for each in incidents if each.severity == Severity.S1} - {None}
    if not firsts or not asked:
        return set()
    seen = Incident.objects.filter(Q(number__in=firsts) | Q(parent__in=firsts), account__in=asked)
    return set(seen.order_by().values_list("account", flat=True).distinct())


def _storm_of(incident: Incident, shared: frozenset[str], storms: dict[str, Storm]) -> Storm | None:
    return next((storms[each] for each in (*sorted(shared), OVERALL) if each in storms), None)


def _begin(
    shared: frozenset[str],
    counts: Counter[str],
    group: Group | None,
    parents: dict[int, Incident],
    incidents: Sequence[Incident],
    at: datetime,
    limits: Limits,
) -> Storm | None:
    """A storm, if this incident is the one too many. Two at once begin one: the database says."""
    dimension = next(
        (each for each in (*sorted(shared), OVERALL) if counts[each] > limit_of(each, limits)), None
    )
    if dimension is None:
        return None
    first = parents.get(int(str(group.first))) if group and dimension in group.dimensions else None
    if first is None:
        first = _first_of(dimension, incidents, at, limits)
        parents.setdefault(first.number, first)
    drill = incidents[0].drill_id
    calm = timedelta(seconds=limits.storm_calm_s)
    storm = Storm(
        dimension=dimension, parent=first, started_at=at, look_at=at + calm, drill_id=drill
    )
    Storm.objects.bulk_create([storm], ignore_conflicts=True)
    storm = Storm.objects.get(dimension=dimension, drill=drill, ended_at=None)
    if storm.parent_id not in parents:
        parents[storm.parent_id] = storm.parent
    return storm


def of_dimension(dimension: str, drill: int | None):
    """Incidents of one dimension, real or of one drill."""
    rows = Incident.objects.filter(drill=drill)
    name, _, value = dimension.partition(":")
    match name:
        case "account":
            return rows.filter(account__external_id=value, kpi=None)
        case "area":
            return rows.filter(product_area=value, kpi=None)
        case "kpi":
            return rows.filter(kpi__code=value)
    return rows


def _first_of(
    dimension: str, incidents: Sequence[Incident], at: datetime, limits: Limits
) -> Incident:
    """The oldest open incident of the window that was no part of another before these came, or the
    first of these."""
    since = at - timedelta(seconds=limits.storm_within_s)
    rows = of_dimension(dimension, incidents[0].drill_id).filter(parent=None)
    rows = rows.filter(opened_at__gt=since, state__in=OPEN_STATES)
    stored = rows.order_by("opened_at", "number").first()
    new = (each for each in incidents if dimension in {OVERALL, *dimensions(each)})
    return min(filter(None, (stored, *new)), key=lambda each: (each.opened_at, each.number))


def _stands(parents: dict[int, Incident], storm: Storm) -> bool:
    return parents[storm.parent_id].state in OPEN_STATES


def _tell(incidents: Sequence[Incident], parents: dict[int, Incident], recorder: Recorder) -> None:
    for child in (incident for incident in incidents if incident.parent_id):
        first, is_held = parents[child.parent_id or 0], child.held_by_id is not None
        quiet = f" {first.key} pages for all of them." if is_held else ""
        recorder.event(
            child,
            "grouped",
            # By its key alone: not everybody who reads this may see that one.
            f"Came together with {first.key}.{quiet}",
            detail={"parent": first.number, "is_silent": is_held},
        )


def _say(storm: Storm, count: int, parent: Incident, recorder: Recorder) -> None:
    recorder.event(
        parent,
        "storm",
        f"Storm: {count} more incident{'s' if count > 1 else ''}; their pages are held back.",
        detail={"dimension": storm.dimension, "count": count},
    )


def raise_parents(incidents: Sequence[Incident], firsts: dict[int, Incident], at: datetime) -> None:
    """The first of a group is as severe as its worst part. Called once all is written.

    One that was opened in the same burst is raised here, any other by a job: storms are locked,
    and who holds the other incident may be about to open one.
    """
    here = {incident.number: incident for incident in incidents}
    worst: dict[int, Incident] = {}
    for incident in incidents:
        if first := incident.parent_id:
            worst[first] = min(worst.get(first, incident), incident, key=lambda i: i.severity)
    for number, part in sorted(worst.items()):
        first_one = firsts[number]
        if part.severity >= first_one.severity or first_one.state not in OPEN_STATES:
            continue
        if number in here:
            raise_parent(number, Severity(part.severity), at)
            here[number].refresh_from_db()
        else:
            enqueue(FOLLOW, part.number)


@transaction.atomic
def follow_child(number: int) -> None:
    """A part of a group got worse: so does the first of it. A job of its own, because who changes
    the part holds its lock, and locks of several incidents are taken from the lowest number up."""
    rows = Incident.objects.filter(pk=number, parent__isnull=False, state__in=OPEN_STATES)
    for parent, severity, at in rows.values_list("parent", "severity", "updated_at"):
        assert parent is not None, "filtered above"
        raise_parent(parent, Severity(severity), at)


def raise_parent(number: int, severity: Severity, at: datetime) -> None:
    parent, recorder = lock_incident(number), Recorder(at)
    if parent.severity <= severity or parent.state not in OPEN_STATES:
        return
    apply_severity(
        parent, severity, recorder, by=None, reason="one of the incidents with it is that severe"
    )
    parent.version += 1
    parent.updated_at = at
    refresh_queue_fields(parent)
    parent._change_reason = recorder.why(parent)
    parent.save()
    recorder.write()


def settle_storm(pk: int, at: datetime) -> bool:
    """Over, if none came for long enough: then whoever was held back and has no answer yet climbs
    a ladder of its own.

    Incidents are locked before the storm, as everywhere. One that is held back while this waits
    for the storm is found by the next look.
    """
    silent = Incident.objects.filter(held_by=pk, state__in=UNANSWERED, ladder_runs=None)
    numbers = list(silent.order_by("number").values_list("number", flat=True))
    lock_incidents(*numbers)
    storm = Storm.objects.select_for_update(no_key=True).get(pk=pk)
    if storm.look_at is None or storm.look_at > at:
        return False
    limits = policy_doc(storm.parent.policy_version_id).limits
    reach = timedelta(seconds=limits.storm_calm_s + limits.storm_within_s)
    # What opened before that was counted when `look_at` was set.
    since = storm.look_at - reach
    opened = of_dimension(storm.dimension, storm.drill_id).filter(opened_at__gt=since)
    times = list(opened.order_by("opened_at").values_list("opened_at", flat=True))
    end = ends_at(times, storm.started_at, storm.dimension, limits)
    if end > at:
        storm.look_at = end
        storm.save(update_fields=["look_at"])
        return True
    numbers_now = list(silent.order_by("number").values_list("number", flat=True))
    if not set(numbers_now) <= set(numbers):
        return False
    storm.ended_at, storm.look_at = end, None
    storm.save(update_fields=["ended_at", "look_at"])
    for number in numbers_now:
        _wake(number, at)
    return True


def _wake(number: int, at: datetime) -> None:
    incident, recorder = lock_incident(number), Recorder(at)
    doc = policy_doc(incident.policy_version_id)
    rule = doc.severities[Severity(incident.severity)]
    is_late = incident.clocks.filter(kind="response", outcome="missed").exists()
    if incident.state in UNANSWERED and (rule.ladder_start is LadderStart.AT_ONCE or is_late):
        start_run(incident, recorder, reason="the storm is over and nobody answered")
        recorder.write()
