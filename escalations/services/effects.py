"""What each verb does once every guard agreed: the table, in the order of the moves.

An effect changes the locked incident in memory and writes what hangs on it; the mover saves the
incident, the timeline and the notices afterwards. The effects stand in files by theme.
"""

from __future__ import annotations

from collections.abc import Callable

from escalations.rules.lifecycle import Verb
from escalations.services import (
    answers,
    course,
    endings,
    handoffs,
    ladder_waits,
    links,
    merges,
    remedies,
)
from escalations.services.change import Change

EFFECTS: dict[Verb, Callable[[Change], None]] = {
    Verb.TRIAGE: answers.triage,
    Verb.CLAIM: answers.respond,
    Verb.ACKNOWLEDGE: answers.respond,
    Verb.VERIFY: answers.verify,
    Verb.MITIGATE: remedies.mitigate,
    Verb.PROPOSE_CONTAIN: remedies.propose_contain,
    Verb.CONFIRM_CONTAIN: remedies.confirm_contain,
    Verb.MONITOR: remedies.monitor,
    Verb.RESOLVE: endings.resolve,
    Verb.CLOSE: endings.close,
    Verb.REOPEN: endings.reopen,
    Verb.PAUSE: course.pause,
    Verb.RESUME: course.resume,
    Verb.ESCALATE: course.escalate,
    Verb.SNOOZE: ladder_waits.snooze,
    Verb.HOLD_LADDER: ladder_waits.hold_ladder,
    Verb.SET_SEVERITY: course.set_severity,
    Verb.UPDATE: course.update,
    Verb.NOTE: course.note,
    Verb.CANCEL: endings.cancel,
    Verb.HAND_OFF: handoffs.hand_off,
    Verb.ACCEPT_HAND_OFF: handoffs.accept_hand_off,
    Verb.DECLINE_HAND_OFF: handoffs.decline_hand_off,
    Verb.WITHDRAW_HAND_OFF: handoffs.withdraw_hand_off,
    Verb.NAME_OWNER: handoffs.name_owner,
    Verb.MERGE: merges.merge,
    Verb.UNMERGE: merges.unmerge,
    Verb.LINK: links.link,
    Verb.UNLINK: links.unlink,
}
