"""What a triage needs: of a new incident its place, later on its category alone."""

from __future__ import annotations

from escalations.rules.situation import S, Situation, Unmet


def classified(s: Situation) -> Unmet | None:
    if s.given.get("category") or s.has_category and s.state is S.NEW:
        return None
    return Unmet("category_missing", "Name the category of the issue.", "category")


def routed(s: Situation) -> Unmet | None:
    if s.has_team or s.given.get("team") or s.state is not S.NEW:
        return None
    return Unmet("team_missing", "Name the team that owns it.", "team")


def category_alone(s: Situation) -> Unmet | None:
    if s.state is S.NEW or not (s.given.get("severity") or s.given.get("team")):
        return None
    word = "severity" if s.given.get("severity") else "team"
    return Unmet("triaged_before", "Severity and team change by acts of their own now.", word)
