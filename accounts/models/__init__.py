from accounts.models import roles  # noqa: F401  (registers their history)
from accounts.models.customers import Account, Contact
from accounts.models.people import User
from accounts.models.rosters import Layer, LayerPerson, Override, Roster, RosterVersion
from accounts.models.service_hours import ServiceHours, ServiceHoursVersion
from accounts.models.teams import Membership, Team

__all__ = [
    "Account",
    "Contact",
    "Layer",
    "LayerPerson",
    "Membership",
    "Override",
    "Roster",
    "RosterVersion",
    "ServiceHours",
    "ServiceHoursVersion",
    "Team",
    "User",
]
