"""Bringing evidence to an incident, and taking it back."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Sum

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import Evidence, EvidenceContent, Incident
from escalations.models.evidence import LARGEST_FILE, EvidenceKind
from escalations.rules.evidence import KINDS, MOST_BYTES, MOST_FILES, file_kind, safe_name, web_link
from escalations.selectors.incidents import visible_incident
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder


def add_link(
    number: int, *, title: str, url: str, text: str = "", by: User, at: datetime
) -> Evidence:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_title`, `bad_link`."""
    _may_work(number, by)
    link = web_link(url)
    if link is None or len(link) > 1000:
        raise field_error("url", "bad_link", "Give an address that begins with https:// or http://")
    title = _titled(title)
    with transaction.atomic():
        incident = lock_incident(number)
        row = Evidence.objects.create(
            incident=incident,
            kind=EvidenceKind.LINK,
            title=title,
            text=text.strip(),
            url=link,
            taken_at=at,
            taken_by=by,
        )
        _tell(incident, "evidence", f"Linked {title}.", row, by=by, at=at)
    return row


def add_file(
    number: int,
    *,
    name: str,
    content: bytes,
    title: str = "",
    text: str = "",
    by: User,
    at: datetime,
) -> Evidence:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `empty_file`, `file_too_large`,
    `file_kind`, 409 `same_file`, `too_many_files`."""
    _may_work(number, by)
    name = safe_name(name)
    if not content:
        raise field_error("file", "empty_file", "The file is empty.")
    if len(content) > LARGEST_FILE:
        raise field_error("file", "file_too_large", "A file is 5 MB at most: link to larger ones.")
    content_type = file_kind(name, content)
    if content_type is None:
        kinds = ", ".join(sorted(KINDS))
        raise field_error(
            "file", "file_kind", f"Kept are {kinds}, and the file must be what its name says."
        )
    title, sha256 = title.strip()[:200] or name, hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        incident = lock_incident(number)
        _refuse_too_much(incident, sha256, len(content))
        row = Evidence.objects.create(
            incident=incident,
            kind=EvidenceKind.FILE,
            title=title,
            text=text.strip(),
            file_name=name,
            content_type=content_type,
            size=len(content),
            sha256=sha256,
            taken_at=at,
            taken_by=by,
        )
        EvidenceContent.objects.create(evidence=row, content=content)
        _tell(incident, "evidence", f"Added the file {name}.", row, by=by, at=at)
    return row


def withdraw_evidence(pk: int, reason: str, *, by: User, at: datetime) -> Evidence:
    """It leaves the page, the bytes are served to nobody; the row and why stay.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_reason`, 409
    `already_withdrawn`, `kept_by_belay`.
    """
    seen = Evidence.objects.filter(incident__in=Incident.objects.visible_to(by), pk=pk)
    number = seen.values_list("incident", flat=True).first()
    if number is None:
        raise DomainError("not_found", "There is no such evidence.", status=404)
    reason = reason.strip()
    if not reason:
        raise field_error("reason", "no_reason", "Say why it is withdrawn.")
    with transaction.atomic():
        incident = lock_incident(number)
        row = Evidence.objects.select_for_update(of=("self",)).get(pk=pk)
        if row.taken_by_id is None:
            raise Conflict("kept_by_belay", "What Belay saw at the opening stays.")
        rights = rights_of(by)
        is_own = row.taken_by_id == by.pk and "respond_incident" in rights
        if not is_own and "cancel_incident" not in rights:
            raise NotAllowed("missing_right", "Whoever brought it or a duty manager withdraws it.")
        if row.withdrawn_at is not None:
            raise Conflict("already_withdrawn", "It was withdrawn before.")
        row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason = at, by, reason[:300]
        row.save()
        said = f"Withdrew the {row.get_kind_display().lower()} {row.title}."
        _tell(incident, "evidence_withdrawn", said, row, by=by, at=at, reason=reason)
    return row


def _may_work(number: int, by: User) -> None:
    visible_incident(number, by)
    if "respond_incident" not in rights_of(by):
        raise NotAllowed("missing_right", "Only who works incidents brings evidence.")


def _titled(title: str) -> str:
    title = title.strip()[:200]
    if not title:
        raise field_error("title", "no_title", "Say what it is, in a few words.")
    return title


def _refuse_too_much(incident: Incident, sha256: str, size: int) -> None:
    files = Evidence.objects.filter(incident=incident, kind=EvidenceKind.FILE)
    if files.standing().filter(sha256=sha256).exists():
        raise Conflict("same_file", "This file is there already.")
    kept = files.aggregate(count=Count("pk"), size=Sum("size"))
    if kept["count"] >= MOST_FILES or (kept["size"] or 0) + size > MOST_BYTES:
        raise Conflict(
            "too_many_files",
            f"An incident keeps {MOST_FILES} files and 50 MB: link to where the others are.",
        )


def _tell(
    incident: Incident,
    kind: str,
    said: str,
    row: Evidence,
    *,
    by: User,
    at: datetime,
    reason: str = "",
) -> None:
    recorder = Recorder(at)
    recorder.event(incident, kind, said, by=by, reason=reason or row.text, detail={})
    finish(incident, recorder, before=incident.state)
