from escalations.admin import (
    clocks,
    incidents,
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
    "kpis",
    "ladders",
    "notices",
    "playbooks",
    "policies",
    "reviews",
    "signals",
    "timeline",
]
