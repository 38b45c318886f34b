"""The evidence of an incident as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import Evidence, EvidenceContent, Incident
from escalations.models.evidence import EvidenceKind
from escalations.rules.charts import Scale, line, number, value_scale
from escalations.rules.evidence import KINDS

WIDTH, HEIGHT = 320, 64
MOST = 60


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`url` leads to the file or the linked page; `lines` tell a snapshot."""

    pk: int
    title: str
    text: str
    icon: str
    url: str
    is_link: bool
    meta: str
    by: str
    at: datetime
    withdrawn: str
    may_withdraw: bool
    lines: tuple[str, ...] = ()
    path: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    exhibits: tuple[Exhibit, ...]
    snapshots: tuple[Exhibit, ...]
    may_add: bool
    accepts: str


def evidence_card(incident: Incident, user: User, rights: frozenset[str]) -> EvidenceCard:
    """One query; bytes are not read."""
    rows = incident.evidence.select_related("taken_by", "withdrawn_by").order_by("-taken_at", "-pk")
    shown = [_exhibit(row, user, rights) for row in rows[:MOST]]
    return EvidenceCard(
        exhibits=tuple(each for each in shown if not each.lines),
        snapshots=tuple(each for each in shown if each.lines),
        may_add="respond_incident" in rights,
        accepts=",".join(f".{ending}" for ending in KINDS),
    )


def _exhibit(row: Evidence, user: User, rights: frozenset[str]) -> Exhibit:
    is_file, is_link = row.kind == EvidenceKind.FILE, row.kind == EvidenceKind.LINK
    url, icon, meta = "", "chart-line", ""
    if row.withdrawn_at is None and is_file:
        url = reverse("evidence-file", args=[row.pk])
    elif row.withdrawn_at is None and is_link:
        url = row.url
    if is_file:
        icon, meta = "paperclip", f"{row.file_name}, {_size(row.size)}"
    elif is_link:
        icon, meta = "external-link", row.url
    lines, path = _told(row)
    is_own = row.taken_by_id == user.pk and "respond_incident" in rights
    return Exhibit(
        pk=row.pk,
        title=row.title,
        text=row.text,
        icon=icon,
        url=url,
        is_link=is_link,
        meta=meta,
        by=str(row.taken_by or "Belay"),
        at=row.taken_at,
        withdrawn=f"{row.withdrawn_by}: {row.withdrawn_reason}" if row.withdrawn_at else "",
        may_withdraw=row.withdrawn_at is None
        and row.taken_by_id is not None
        and (is_own or "cancel_incident" in rights),
        lines=lines,
        path=path,
    )


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{max(1, round(size / 1024))} KB"


def _told(row: Evidence) -> tuple[tuple[str, ...], str]:
    if row.kind == EvidenceKind.SIGNALS:
        signals = row.snapshot.get("signals", [])
        told = tuple(f"{each['source']}: {each['title']}" for each in signals)
        return told or ("No signal: it was opened by hand.",), ""
    if row.kind == EvidenceKind.SERIES:
        values = [value for _, value in row.snapshot.get("points", [])]
        name, unit = row.snapshot.get("kpi", ""), row.snapshot.get("unit", "")
        if not values:
            return (f"{name}: no readings were there yet.",), ""
        last, low, high = (number(each, unit) for each in (values[-1], min(values), max(values)))
        sentence = f"{name}: {last} at the end of {len(values)} points, {low} to {high}"
        return (sentence,), _path(values)
    return (), ""


def _path(values: list[float]) -> str:
    heights = value_scale(values, top=4, bottom=HEIGHT - 4)
    across = Scale(0, max(len(values) - 1, 1), 2, WIDTH - 2)
    return line([(across.place(x), heights.place(value)) for x, value in enumerate(values)])


def file_of(pk: int, user: User) -> tuple[Evidence, bytes]:
    """A standing file of an incident that the reader may see. Raises DomainError 404."""
    seen = Evidence.objects.standing().filter(incident__in=Incident.objects.visible_to(user))
    row = seen.filter(pk=pk, kind=EvidenceKind.FILE).first()
    if row is None:
        raise DomainError("not_found", "There is no such file.", status=404)
    return row, bytes(EvidenceContent.objects.get(pk=row.pk).content)
