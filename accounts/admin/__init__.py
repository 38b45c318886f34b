from accounts.admin import (
    access,
    contact_methods,
    customers,
    people,
    rosters,
    service_hours,
    teams,
    value_rubrics,
)

__all__ = [
    "access",
    "contact_methods",
    "customers",
    "people",
    "rosters",
    "service_hours",
    "teams",
    "value_rubrics",
]
