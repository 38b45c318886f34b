from escalations.admin import (
    clocks,
    incidents,
    kpis,
    ladders,
    notices,
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
    "policies",
    "reviews",
    "signals",
    "timeline",
]
