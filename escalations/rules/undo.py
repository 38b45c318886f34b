"""Which acts can be taken back, and for how long.

Only what sent nothing and can be put back exactly. Everything else has an act of its own that ends
it (resume, withdraw, reopen, unmerge), or left the house.
"""

from __future__ import annotations

from datetime import timedelta

from escalations.rules.lifecycle import Verb

UNDO_WITHIN = timedelta(seconds=10)
# A click on a slow line still counts.
GRACE = timedelta(seconds=3)
UNDOABLE = frozenset(
    {
        Verb.CLAIM,
        Verb.TRIAGE,
        Verb.PAUSE,
        Verb.RESUME,
        Verb.SET_SEVERITY,
        Verb.SNOOZE,
        Verb.HOLD_LADDER,
        Verb.NOTE,
    }
)
# Why the dialog of an act promises no way back.
NO_WAY_BACK = {
    Verb.ESCALATE: "Not to be undone: whoever is paged is paged.",
    Verb.HAND_OFF: "It can be withdrawn until somebody accepts, and they are told at once.",
    Verb.RESOLVE: "Not to be undone: what the customer read stays read. It can be reopened.",
    Verb.UPDATE: "Not to be undone: what the customer read stays read.",
    Verb.REOPEN: "Not to be undone: the ladder pages at once.",
    Verb.MERGE: "A duty manager can take it out again within a day.",
    Verb.CANCEL: "Not to be undone.",
    Verb.CLOSE: "It can be reopened for 14 days.",
    Verb.CONFIRM_CONTAIN: "Taken back only by starting the remedy again.",
    Verb.NAME_OWNER: "Not to be undone: they are told at once.",
}
