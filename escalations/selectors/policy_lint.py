"""All that is wrong or odd in a policy version: in its document, in the weeks ahead, and against
what was."""

from __future__ import annotations

from datetime import datetime

from escalations.rules.policy import PolicyDoc
from escalations.rules.policy_lint import lint
from escalations.rules.routing_lint import Finding
from escalations.selectors.policy_cover import cover_findings


def policy_findings(doc: PolicyDoc, at: datetime) -> list[Finding]:
    """Errors first; within each the document's own before what surrounds it."""
    found = [*lint(doc), *cover_findings(doc, at)]
    return sorted(found, key=lambda finding: not finding.is_error)
