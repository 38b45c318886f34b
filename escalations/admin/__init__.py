from escalations.admin import (
    clocks,
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
