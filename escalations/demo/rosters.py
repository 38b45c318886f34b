"""A team that follows the sun: Singapore, London and New York, each by day, weekends shared."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from accounts.models import (
    Layer,
    LayerPerson,
    Membership,
    Roster,
    RosterVersion,
    Team,
    User,
)
from accounts.services.rosters import record_absence, record_override
from accounts.services.swaps import accept_swap, ask_swap, shifts_ahead

# username -> first name, last name, zone, city
CARE = {
    "mei": ("Mei", "Tan", "Asia/Singapore"),
    "arun": ("Arun", "Pillai", "Asia/Singapore"),
    "isla": ("Isla", "Grant", "Europe/London"),
    "tom": ("Tom", "Hale", "Europe/London"),
    "rosa": ("Rosa", "Medina", "America/New_York"),
    "jay": ("Jay", "Brooks", "America/New_York"),
}
# zone -> local hours on duty; together they cover the day, also when summer time differs
WINDOWS = {
    "Asia/Singapore": ("07:00", "16:00"),
    "Europe/London": ("07:30", "16:30"),
    "America/New_York": ("10:00", "20:00"),
}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def tell_care(at: datetime) -> None:
    """People, team and roster of Care; what is there already stays."""
    lead = User.objects.filter(username="duty").first()
    team, is_new = Team.objects.get_or_create(
        code="care", defaults={"name": "Customer care", "lead": lead}
    )
    if not is_new:
        return
    people = [_person(name, row, lead) for name, row in CARE.items()]
    for person in people:
        Membership.objects.create(team=team, user=person, valid_from=at - timedelta(days=400))
    roster = Roster.objects.create(
        code="care", name="Care around the clock", team=team, owner=people[0]
    )
    began = at - timedelta(days=400)
    version = RosterVersion.objects.create(
        roster=roster, number=1, effective_from=began, recorded_at=began
    )
    monday = (at - timedelta(days=364 + at.weekday())).date()
    for position, (zone, window) in enumerate(WINDOWS.items(), 1):
        _tell_layer(version, position, zone, window, monday)
    made_at = at - timedelta(days=5)
    record_override(
        roster,
        people[3],
        at + timedelta(days=2),
        at + timedelta(days=3),
        by=lead or people[3],
        at=made_at,
        reason="Isla moves house",
    )
    _tell_swap(roster, made_at)
    record_absence(
        people[4], at + timedelta(days=9), at + timedelta(days=10), by=people[4], at=made_at
    )


def _tell_swap(roster: Roster, at: datetime) -> None:
    """Two in Singapore exchange weeks; one of New York still has to answer."""
    ahead = list(shifts_ahead(roster, at).values())
    for layer, is_accepted in ((1, True), (3, False)):
        first, second = [ref for ref in ahead if ref.layer == layer][1:3]
        asker = User.objects.get(pk=first.person)
        swap = ask_swap(roster, first.key, second.key, by=asker, at=at, reason="School holidays")
        if is_accepted:
            accept_swap(swap, by=swap.partner, at=at + timedelta(hours=3))


def _person(username: str, row: tuple[str, str, str], lead: User | None) -> User:
    first, last, zone = row
    user, is_new = User.objects.get_or_create(
        username=username,
        defaults={
            "first_name": first,
            "last_name": last,
            "email": f"{username}@demo.belay.example",
            "time_zone": zone,
            "manager": lead,
        },
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def _tell_layer(
    version: RosterVersion, position: int, zone: str, window: tuple[str, str], monday: date
) -> None:
    layer = Layer.objects.create(
        version=version,
        position=position,
        zone=zone,
        start_on=monday,
        handoff=time(7, 0),
        unit="week",
        restrict={day: [list(window)] for day in DAYS},
    )
    here = [name for name, (*_, where) in CARE.items() if where == zone]
    for place, name in enumerate(here, 1):
        LayerPerson.objects.create(
            layer=layer, position=place, user=User.objects.get(username=name)
        )
