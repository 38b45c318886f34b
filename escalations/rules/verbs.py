"""What each verb may be given: one table for the API's bodies, its OpenAPI schema and the forms.

A field that a guard asks for is optional here: the guard names it in `unmet`, together with
everything else that is missing. `required` fields are those without which a request means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from escalations.rules.lifecycle import Verb, Verification

SEVERITY_CHOICES = ("S1", "S2", "S3", "S4")
RESOLUTION_CODES = ("fixed", "workaround", "recovered", "not_an_issue", "duplicate")
CAUSE_CATEGORIES = (
    "change",
    "capacity",
    "defect",
    "data",
    "third_party",
    "process",
    "human",
    "unknown",
)
LINK_KINDS = ("related", "duplicate_of", "caused_by")


@dataclass(frozen=True, slots=True)
class VerbField:
    """`kind`: text, textarea, choice, flag, time, incident (a number or a key)."""

    name: str
    kind: str
    label: str
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    max_length: int = 4000


_REASON = VerbField("reason", "text", "Reason", max_length=500)

FIELDS: dict[Verb, tuple[VerbField, ...]] = {
    Verb.TRIAGE: (
        VerbField("severity", "choice", "Severity", choices=SEVERITY_CHOICES),
        VerbField(
            "category", "text", "Category", help="A category code of the policy.", max_length=60
        ),
        VerbField("team", "text", "Team", help="A team code.", max_length=40),
        _REASON,
    ),
    Verb.CLAIM: (VerbField("take_over", "flag", "Take it over from its owner"),),
    Verb.ACKNOWLEDGE: (VerbField("take_over", "flag", "Take it over from its owner"),),
    Verb.VERIFY: (
        VerbField(
            "outcome",
            "choice",
            "The data is",
            required=True,
            choices=tuple(v.value for v in Verification),
        ),
        VerbField("evidence", "textarea", "What shows it"),
        VerbField("fallback", "textarea", "Fallback plan", help="When the check is inconclusive."),
    ),
    Verb.MITIGATE: (
        VerbField("plan", "textarea", "Plan", help="What you do, what should change, how to undo."),
        VerbField("relapse_note", "textarea", "What came back", help="From contained, monitoring."),
    ),
    Verb.PROPOSE_CONTAIN: (VerbField("evidence", "textarea", "What shows that it is contained"),),
    Verb.CONFIRM_CONTAIN: (VerbField("comment", "text", "Comment", max_length=500),),
    Verb.MONITOR: (
        VerbField("recovery_kpi", "text", "KPI or sign that shows recovery", max_length=120),
    ),
    Verb.RESOLVE: (
        VerbField("resolution_code", "choice", "How it ended", choices=RESOLUTION_CODES),
        VerbField("cause_category", "choice", "Kind of cause", choices=CAUSE_CATEGORIES),
        VerbField("final_update", "textarea", "Final update", help="The customer reads this."),
        VerbField("customer_told", "flag", "The customer was told another way"),
        VerbField("waiver", "text", "Why resolve although the KPI is not ok", max_length=500),
    ),
    Verb.CLOSE: (
        VerbField("review_waiver", "text", "Why no review", max_length=500),
        VerbField("comment", "text", "Comment", max_length=500),
    ),
    Verb.REOPEN: (_REASON,),
    Verb.PAUSE: (
        VerbField(
            "reason",
            "choice",
            "Waiting for",
            required=True,
            choices=("customer_wait", "third_party_wait"),
        ),
        VerbField("awaiting", "text", "Who and what is awaited", max_length=200),
        VerbField("next_check_at", "time", "Ask again at", help="Empty: in one day."),
    ),
    Verb.RESUME: (
        VerbField(
            "reason",
            "choice",
            "Wait that ended",
            choices=("customer_wait", "third_party_wait"),
            help="Empty: every wait.",
        ),
    ),
    Verb.ESCALATE: (_REASON,),
    Verb.SNOOZE: (
        VerbField("until", "time", "Snooze until"),
        _REASON,
    ),
    Verb.HOLD_LADDER: (
        VerbField("until", "time", "Nobody is paged before"),
        _REASON,
        VerbField("approver", "text", "Who agrees", help="Somebody senior.", max_length=150),
    ),
    Verb.SET_SEVERITY: (
        VerbField("severity", "choice", "Severity", required=True, choices=SEVERITY_CHOICES),
        _REASON,
    ),
    Verb.UPDATE: (VerbField("text", "textarea", "Update for the customer"),),
    Verb.NOTE: (VerbField("text", "textarea", "Note"),),
    Verb.CANCEL: (_REASON,),
    Verb.HAND_OFF: (
        VerbField("to_person", "text", "To", help="A username.", max_length=150),
        VerbField("to_team", "text", "Team that takes it over", help="A team code.", max_length=40),
        VerbField("summary", "textarea", "What happened", max_length=2000),
        VerbField("status", "textarea", "Where it stands", max_length=2000),
        VerbField("risks", "textarea", "Risks", max_length=2000),
        VerbField("next_step", "text", "Next step", max_length=300),
        VerbField("next_step_owner", "text", "Who takes it", help="A username.", max_length=150),
        VerbField("next_step_due_at", "time", "Until"),
    ),
    Verb.ACCEPT_HAND_OFF: (),
    Verb.DECLINE_HAND_OFF: (_REASON,),
    Verb.WITHDRAW_HAND_OFF: (_REASON,),
    Verb.NAME_OWNER: (
        VerbField("person", "text", "Who takes it", help="A username.", max_length=150),
        _REASON,
    ),
    Verb.MERGE: (
        VerbField("into", "incident", "Merge into", help="Its number, such as INC-12."),
        VerbField(
            "count_from",
            "choice",
            "Promises count from",
            choices=("earliest", "own"),
            help="Empty: from the earlier start where both are of one customer.",
        ),
        _REASON,
    ),
    Verb.UNMERGE: (_REASON,),
    Verb.LINK: (
        VerbField("to", "incident", "Other incident", help="Its number, such as INC-12."),
        VerbField("kind", "choice", "How", required=True, choices=LINK_KINDS),
    ),
    Verb.UNLINK: (
        VerbField("to", "incident", "Other incident", help="Its number, such as INC-12."),
        VerbField("kind", "choice", "How", choices=LINK_KINDS, help="Empty: every link."),
    ),
}
