from escalations.admin import (
    clocks,
    incidents,
    jobs,
    kpis,
    ladders,
    notices,
    policies,
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
    "policies",
    "signals",
    "timeline",
]
