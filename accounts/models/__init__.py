from accounts.models import roles  # noqa: F401  (registers their history)
from accounts.models.absences import Absence
from accounts.models.calendar_feeds import CalendarFeed
from accounts.models.contact_methods import ContactMethod
from accounts.models.customers import Account, Contact
from accounts.models.gaps import GapTold
from accounts.models.people import User
from accounts.models.roster_plans import RosterPlan
from accounts.models.rosters import Layer, LayerPerson, Override, Roster, RosterVersion
from accounts.models.service_hours import ServiceHours, ServiceHoursVersion
from accounts.models.stamps import Stamp
from accounts.models.swaps import Swap
from accounts.models.teams import Membership, Team
from accounts.models.value_rubrics import ValueRubric, ValueRubricVersion

__all__ = [
    "Absence",
    "Account",
    "CalendarFeed",
    "Contact",
    "ContactMethod",
    "GapTold",
    "Layer",
    "LayerPerson",
    "Membership",
    "Override",
    "Roster",
    "RosterPlan",
    "RosterVersion",
    "ServiceHours",
    "ServiceHoursVersion",
    "Stamp",
    "Swap",
    "Team",
    "User",
    "ValueRubric",
    "ValueRubricVersion",
]
