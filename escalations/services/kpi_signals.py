"""Flips of KPIs become episodes: open, deepen, end, and one incident when a KPI flaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from escalations.models import Incident, Kpi, KpiFlip, Signal
from escalations.models.notices import NoticeKind
from escalations.rules import facts
from escalations.rules.kpi_news import KpiFlipNews
from escalations.rules.thresholds import FLAP_ENTRIES, FLAP_WINDOW, is_flapping
from escalations.selectors.standby import Standby
from escalations.services.facts import add_facts, current_facts
from escalations.services.incidents import DATA_IN_QUESTION, open_incidents
from escalations.services.locks import lock_incident
from escalations.services.maintenance import Keeper
from escalations.services.moves import finish
from escalations.services.recorder import Recorder
from escalations.services.signals import (
    ENDED,
    REOPEN_WITHIN,
    end_by_source,
    may_reopen,
    raise_if_worse,
    reopen,
)

KPI_SOURCE = "kpi"
EXCURSIONS = ("warn", "breach")
FLAPPING = "Flapping: "
OPENED = "a signal and its incident are stored in one transaction"


def kpi_dedup_key(code: str, segment: str) -> str:
    return f"{code}/{segment}"


def record_kpi_flips(flips: Sequence[KpiFlipNews], *, at: datetime) -> list[int]:
    """Turn flips, in event order, into episodes and incidents; returns numbers touched.

    First flips of a batch open their incidents together; what follows for the same KPI and
    segment (deeper, back to ok, out again) is then played onto them in order.
    """
    touched: list[int] = []
    standby = Standby(at)
    keeper = Keeper(at, standby)
    pending = sorted(flips, key=lambda flip: (flip.flip_at, flip.kpi_id, flip.segment))
    while pending:
        heads: dict[tuple[int, str], KpiFlipNews] = {}
        rest: list[KpiFlipNews] = []
        for flip in pending:
            key = (flip.kpi_id, flip.segment)
            if key in heads:
                rest.append(flip)
            else:
                heads[key] = flip
        to_open: list[Signal] = []
        for flip in heads.values():
            touched += _play(flip, at, to_open, keeper)
        keeper.store()
        opened = open_incidents(to_open, at=at, standby=standby)
        touched += [incident.number for incident in opened]
        pending = rest
    return list(dict.fromkeys(touched))


def _play(flip: KpiFlipNews, at: datetime, to_open: list[Signal], keeper: Keeper) -> list[int]:
    """One flip. A signal that needs a new incident is added to `to_open`."""
    current = _episodes(flip).filter(ended_at=None).select_related("kpi", "account").first()
    if current is not None and current.incident_id is None:
        _play_kept(current, flip, at, to_open, keeper)
        return []
    if flip.to_state == "ok":
        return [] if current is None else [_end(current, flip, at)]
    if current is not None:
        return [_deepen(current, flip, at)]
    number = _still_open(flip)
    signal = _kpi_signal(flip, at, number)
    flaps = _is_flapping(flip)
    if number is not None:
        return [_join(number, signal, flip, at, flaps=flaps)]
    if keeper.takes(signal):
        return []
    reopened = _reopen(signal, flip, at, flaps=flaps)
    if reopened is not None:
        return [reopened]
    to_open.append(signal)
    return []


def _play_kept(
    signal: Signal, flip: KpiFlipNews, at: datetime, to_open: list[Signal], keeper: Keeper
) -> None:
    """A flip of a KPI whose signal a maintenance window keeps: noted, and opened if it is over."""
    if flip.to_state == "ok":
        signal.ended_at = max(at, signal.first_at)
        signal.last_at = max(flip.flip_at, signal.last_at)
    else:
        _note_deeper(signal, flip)
    signal.save()
    if signal.ended_at is None and not keeper.takes(signal):
        to_open.append(signal)


def _episodes(flip: KpiFlipNews) -> QuerySet[Signal]:
    return Signal.objects.real().filter(
        source=KPI_SOURCE, dedup_key=kpi_dedup_key(flip.kpi_code, flip.segment)
    )


def _lock_of(signal: Signal) -> Incident:
    """The incident of an episode, locked: every episode gets one in the transaction it begins."""
    assert signal.incident_id is not None
    incident = lock_incident(signal.incident_id)
    number = Signal.objects.values_list("incident_id", flat=True).get(pk=signal.pk)
    if number is None or number == incident.number:
        return incident
    signal.incident_id = number  # it moved with a merge while we waited for the lock
    return lock_incident(number)


def _end(signal: Signal, flip: KpiFlipNews, at: datetime) -> int:
    """Back to ok: the episode is over."""
    incident = _lock_of(signal)
    Signal.objects.filter(pk=signal.pk).update(
        ended_at=max(at, signal.first_at), last_at=max(flip.flip_at, signal.last_at)
    )
    end_by_source(incident, at, f"{flip.kpi_name} is ok again since {flip.flip_at:%H:%M} UTC.")
    return incident.number


def _join(number: int, signal: Signal, flip: KpiFlipNews, at: datetime, *, flaps: bool) -> int:
    """Out again while its incident is still open: a new episode of the same incident."""
    incident = lock_incident(number)
    recorder, before = Recorder(at), incident.state
    recorder.event(
        incident, "signal", _kpi_title(flip), at=flip.flip_at, detail={"signal": signal.pk}
    )
    _take_facts(incident, flip, recorder)
    raise_if_worse(incident, recorder)
    if flaps:
        _flag_flapping(incident, flip, recorder)
    finish(incident, recorder, before=before)
    return number


def _reopen(signal: Signal, flip: KpiFlipNews, at: datetime, *, flaps: bool) -> int | None:
    """The last incident again, when it ended a moment ago or the KPI flaps; else None."""
    ended = _episodes(flip).exclude(ended_at=None).exclude(pk=signal.pk)
    last = ended.order_by("-last_at", "-pk").first()
    if last is None or last.incident_id is None:
        return None
    is_live = at - flip.flip_at <= REOPEN_WITHIN
    is_recent = flip.flip_at - last.last_at < FLAP_WINDOW
    if not is_live and not (flaps and is_recent):
        return None
    incident = _lock_of(last)
    can_flap = flaps and is_recent and incident.state in ENDED and not incident.is_void
    if not can_flap and not may_reopen(incident, at):
        return None
    Signal.objects.filter(pk=signal.pk).update(incident=incident)
    reason = "the KPI left ok again within 30 minutes"
    recorder = Recorder(at)
    _take_facts(incident, flip, recorder)
    if flaps:
        _flag_flapping(incident, flip, recorder)
        reason = "the KPI is flapping"
    recorder.write()
    reopen(incident, at, reason)
    return incident.number


def _take_facts(incident: Incident, flip: KpiFlipNews, recorder: Recorder) -> None:
    """Append what the KPI declares for this level, where it is worse than what is known."""
    known = current_facts(incident)
    said = facts.worse({name: given.value for name, given in known.items()}, flip.facts)
    # Dated by the flip, but no earlier than what it makes worse: the newest fact counts.
    since = [given.at for name, given in known.items() if name in said and given.at is not None]
    at = max([flip.flip_at, *since])
    added = add_facts(incident, said, source=KPI_SOURCE, at=at, received_at=recorder.at)
    if added:
        recorder.event(
            incident,
            "facts",
            f"{flip.kpi_name} declares for {flip.to_state}: {', '.join(added)}.",
            detail={name: said[name] for name in added},
        )


def _still_open(flip: KpiFlipNews) -> int | None:
    """One incident per KPI and segment while it is open, also when the KPI recovered between; if
    that one was merged, the one it went into."""
    numbers = Incident.objects.real().open().values_list("number", flat=True)
    own = numbers.filter(kpi_id=flip.kpi_id, segment=flip.segment).first()
    if own is not None:
        return own
    return numbers.filter(
        merges_in__undone_at=None,
        merges_in__incident__kpi=flip.kpi_id,
        merges_in__incident__segment=flip.segment,
    ).first()


def _is_flapping(flip: KpiFlipNews) -> bool:
    """More than three entries in 24 hours: one incident is enough (SEMANTICS 5.1)."""
    entries = KpiFlip.objects.filter(
        kpi=flip.kpi_id,
        segment=flip.segment,
        superseded_at=None,
        at__gt=flip.flip_at - FLAP_WINDOW,
        at__lte=flip.flip_at,
        to_state__in=EXCURSIONS,
    ).exclude(from_state__in=EXCURSIONS)
    return flip.to_state in EXCURSIONS and is_flapping(
        entries.values_list("at", flat=True), flip.flip_at
    )


def _flag_flapping(incident: Incident, flip: KpiFlipNews, recorder: Recorder) -> None:
    """Say it once; `finish` saves the title."""
    if incident.title.startswith(FLAPPING):
        return
    incident.title = (FLAPPING + incident.title)[:300]
    recorder.event(
        incident,
        "flapping",
        f"{flip.kpi_name} is flapping: more than {FLAP_ENTRIES} times out of its limits in "
        "24 hours. Further times join this incident.",
        at=flip.flip_at,
    )


def note_overturned(flips: Sequence[KpiFlip], *, at: datetime) -> None:
    """Late readings say that these flips never were: their incidents are told, and stay."""
    told: dict[int, list[KpiFlip]] = {}
    for flip in sorted(flips, key=lambda flip: (flip.at, flip.pk)):
        number = (
            Signal.objects.real()
            .filter(source=KPI_SOURCE, kpi=flip.kpi_id, segment=flip.segment)
            .filter(first_at__lte=flip.at)
            .order_by("-first_at", "-pk")
            .values_list("incident_id", flat=True)
            .first()
        )
        if number is not None:
            told.setdefault(number, []).append(flip)
    for number, overturned in sorted(told.items()):
        incident = lock_incident(number)
        recorder, before = Recorder(at), incident.state
        said = [f"{f.from_state} to {f.to_state} at {f.at:%d %b %H:%M} UTC" for f in overturned]
        more = f" and {len(said) - 3} more changes" if len(said) > 3 else ""
        recorder.event(
            incident,
            "overturned",
            f"Late readings overturn {'; '.join(said[:3])}{more}; the page stands.",
            detail={"flips": [flip.pk for flip in overturned]},
        )
        finish(incident, recorder, before=before)


def _note_deeper(signal: Signal, flip: KpiFlipNews) -> None:
    signal.occurrences += 1
    signal.last_at = max(signal.last_at, flip.flip_at)
    signal.kpi_state = flip.to_state.value
    if flip.declared_severity is not None:
        worst = min(signal.declared_severity or flip.declared_severity, flip.declared_severity)
        signal.declared_severity = int(worst)
    signal.facts = signal.facts | facts.worse(signal.facts, flip.facts)


def _deepen(signal: Signal, flip: KpiFlipNews, at: datetime) -> int:
    """Warning to breach raises; breach back to warning is told and never lowers."""
    was_in_question = signal.kpi_state in DATA_IN_QUESTION
    _note_deeper(signal, flip)
    signal.save()
    incident = _lock_of(signal)
    recorder, before = Recorder(at), incident.state
    recorder.event(
        incident,
        "kpi_state",
        f"{flip.kpi_name} went from {flip.from_state} to {flip.to_state}: {flip.limit_text}.",
        at=flip.flip_at,
        detail={"value": flip.value, "is_late": flip.is_late},
    )
    _take_facts(incident, flip, recorder)
    raise_if_worse(incident, recorder)
    if (signal.kpi_state in DATA_IN_QUESTION) != was_in_question:
        _tell_of_data(incident, flip, recorder)
    finish(incident, recorder, before=before)
    return incident.number


def _tell_of_data(incident: Incident, flip: KpiFlipNews, recorder: Recorder) -> None:
    """The data came into question: tell the steward. It is sound after all: tell the owner."""
    is_doubtful = flip.to_state in DATA_IN_QUESTION
    role = "data steward" if is_doubtful else "owner"
    kpi = incident.kpi
    assert kpi is not None  # the incident of a flip is about its KPI
    person = kpi.steward if is_doubtful else kpi.owner
    if person is not None:
        recorder.notice(
            incident,
            person,
            NoticeKind.KPI,
            key=f"kpi-{role}:{incident.version}",
            headline="Data in question" if is_doubtful else "Verify the data",
            why=f"you are the {role} of KPI {kpi.name}.",
        )


def _kpi_title(flip: KpiFlipNews) -> str:
    where = f" ({flip.segment})" if flip.segment else ""
    if flip.to_state == "suspect":
        return f"{flip.kpi_name}{where}: {flip.limit_text}"
    if flip.value is None:
        return f"{flip.kpi_name}{where}: {flip.to_state.replace('_', ' ')}"
    unit = f" {flip.unit}" if flip.unit else ""
    return f"{flip.kpi_name}{where} is {flip.value:.6g}{unit}: {flip.limit_text}"


def _kpi_signal(flip: KpiFlipNews, at: datetime, number: int | None) -> Signal:
    signal = Signal.objects.create(
        source=KPI_SOURCE,
        dedup_key=kpi_dedup_key(flip.kpi_code, flip.segment),
        incident_id=number,
        title=_kpi_title(flip)[:300],
        body="The flag `late` says that late readings opened this." if flip.is_late else "",
        declared_severity=int(flip.declared_severity) if flip.declared_severity else None,
        facts=dict(flip.facts),
        kpi_id=flip.kpi_id,
        segment=flip.segment,
        kpi_state=flip.to_state.value,
        channel=flip.channel,
        period_end=flip.period_end,
        first_at=flip.flip_at,
        last_at=flip.flip_at,
        received_at=at,
    )
    kpi = Kpi.objects.get(pk=flip.kpi_id)
    signal.kpi, signal.account = kpi, kpi.account
    signal.product_area = kpi.product_area
    signal.category = "campaign" if not kpi.account_id else "account_health"
    signal.save(update_fields=["account", "product_area", "category"])
    return signal
