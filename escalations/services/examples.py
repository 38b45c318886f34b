"""A worked example more in a draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from escalations.models import Example, PolicyVersion
from escalations.rules.policy import Severity
from escalations.services.policy_preview import Foretold

MAY = "escalations.change_policyversion"


def drafts_of(code: str) -> list[PolicyVersion]:
    """That take an example, the newest first."""
    return list(PolicyVersion.objects.filter(policy__code=code, state="draft").order_by("-number"))


@transaction.atomic
def add_example(
    code: str, number: int, name: str, found: Foretold, *, by: User, at: datetime
) -> Example:
    """What was foretold is what is expected from now on, in the draft `number`.

    Raises DomainError 403 `missing_right`, 404 `not_found`, 409 `not_draft`, 400 `name_missing`,
    `example_name`.
    """
    if not by.has_perm(MAY):
        raise NotAllowed("missing_right", "Your role does not change the rules.")
    rows = PolicyVersion.objects.select_for_update(of=("self",)).select_related("policy")
    version = rows.filter(policy__code=code, number=number).first()
    if version is None:
        raise DomainError("not_found", f"{code} has no version {number}.", status=404)
    if version.state != "draft":
        raise Conflict("not_draft", f"v{number} is no draft: only a draft takes an example.")
    name = name.strip()
    if not name:
        raise field_error("name", "name_missing", "Name the example.")
    if version.examples.filter(name=name).exists():
        raise field_error("name", "example_name", "An example has this name.")
    last = version.examples.order_by("-position").first()
    example = Example(
        version=version,
        position=last.position + 1 if last else 1,
        name=name[:120],
        **_expected(found),
    )
    reason = f"Worked example {example.name!r}."
    told(example, by=by, reason=reason, at=at).save()
    told(version, by=by, reason=reason, at=at).save()  # who adds one has written a part
    return example


def _expected(found: Foretold) -> dict[str, Any]:
    return {
        "given": found.given,
        "anchors": found.anchors,
        "rule": found.rule,
        "severity": int(Severity[found.severity]),
        "team": found.route.get("team") or "",
        "ladder": found.ladder,
    }
