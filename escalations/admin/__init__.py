from escalations.admin import (
    clocks,
    handoffs,
    incidents,
    jobs,
    kpis,
    ladders,
    notices,
    playbooks,
    policies,
    reviews,
    signals,
    timeline,
)

__all__ = [
    "clocks",
    "handoffs",
    "incidents",
    "jobs",
    "kpis",
    "ladders",
    "notices",
    "playbooks",
    "policies",
    "reviews",
    "signals",
    "timeline",
]
