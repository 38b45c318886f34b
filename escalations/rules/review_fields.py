"""What the verbs on reviews and actions may be given: one table for bodies, schema and forms."""

from __future__ import annotations

from escalations.rules.action_items import ActionVerb
from escalations.rules.reviews import ReviewVerb
from escalations.rules.verbs import CAUSE_CATEGORIES, SEVERITY_CHOICES, VerbField

ACTION_KINDS = ("prevent", "detect", "mitigate", "process", "policy", "training")
ENTRY_KINDS = ("addition", "annotation", "hiding", "showing", "explanation")
LONG = 20_000
_REASON = VerbField("reason", "text", "Reason", max_length=500)
_COMMENT = VerbField("comment", "text", "Comment", max_length=500)


def _text(name: str, label: str, help: str = "") -> VerbField:
    return VerbField(name, "textarea", label, help=help, max_length=LONG)


# The sections of a review, as the page and the editor show them.
SECTIONS: tuple[tuple[str, str, tuple[VerbField, ...]], ...] = (
    (
        "summary",
        "Summary",
        (
            _text("summary", "Summary", "What happened, in a few sentences anybody understands."),
            VerbField("severity_final", "choice", "Final severity", choices=SEVERITY_CHOICES),
            VerbField("facilitator", "person", "Led by", help="Not who owned the incident."),
        ),
    ),
    (
        "impact",
        "Impact",
        (
            VerbField("impact_start", "time", "Began"),
            VerbField("impact_end", "time", "Ended"),
            VerbField("users_affected", "whole", "Users affected"),
            VerbField("support_contacts", "whole", "Support contacts"),
            VerbField("revenue_exposed", "money", "Revenue exposed"),
            VerbField("credits", "money", "Credits given"),
            VerbField(
                "customer_impact", "whole", "Customer impact, 0 to 10", help="10 is the worst."
            ),
        ),
    ),
    (
        "detection",
        "Detection",
        (
            _text("detection", "How it was noticed"),
            _text("detection_faster", "How to halve that time"),
        ),
    ),
    (
        "course",
        "What happened",
        (
            _text("lead_up", "What led up to it"),
            _text("fault", "What failed"),
            _text("response", "Response"),
            _text("recovery", "Recovery"),
        ),
    ),
    (
        "causes",
        "Causes",
        (
            _text(
                "root_causes", "Root causes", "Several are usual. What made it possible, not who."
            ),
            _text("process_gaps", "Process gaps"),
        ),
    ),
    (
        "learning",
        "What we learnt",
        (
            _text("went_well", "What went well"),
            _text("lucky", "Where we were lucky"),
            _text("lessons", "Lessons"),
        ),
    ),
    ("communications", "Communications", (_text("communications", "What was sent, and when"),)),
)
REVIEW_FIELDS: tuple[VerbField, ...] = tuple(each for _, _, fields in SECTIONS for each in fields)
PEOPLE_FIELDS = (
    VerbField("participants", "people", "Who takes part"),
    VerbField("recurrences", "numbers", "Like incidents before"),
)

REVIEW_VERB_FIELDS: dict[ReviewVerb, tuple[VerbField, ...]] = {
    ReviewVerb.SCHEDULE: (VerbField("meeting_at", "time", "Meeting at"),),
    ReviewVerb.HOLD: (VerbField("held_at", "time", "Held at", help="Empty: now."), _COMMENT),
    ReviewVerb.SUBMIT: (),
    ReviewVerb.REQUEST_CHANGES: (_text("reason", "What should change"),),
    ReviewVerb.SIGN_OFF: (_COMMENT,),
    ReviewVerb.WAIVE: (_REASON,),
    ReviewVerb.COMPLETE: (),
    ReviewVerb.AMEND: (_text("text", "What is added"),),
}
FACTOR_FIELDS = (
    VerbField("category", "choice", "Kind of cause", required=True, choices=CAUSE_CATEGORIES),
    VerbField("text", "textarea", "What contributed", required=True),
    VerbField("evidence", "textarea", "What shows it", help="A link, a figure, a log line."),
)
ENTRY_FIELDS = (
    VerbField("kind", "choice", "What to do", required=True, choices=ENTRY_KINDS),
    VerbField("event", "whole", "Event of the timeline", help="Its number."),
    VerbField("from_at", "time", "Happened at"),
    VerbField("to_at", "time", "Until"),
    VerbField("text", "textarea", "What happened"),
)
ACTION_FIELDS = (
    VerbField("title", "text", "What is done", required=True, max_length=200),
    VerbField("kind", "choice", "Kind", required=True, choices=ACTION_KINDS),
    VerbField("owner", "person", "Owner", required=True),
    VerbField("verifier", "person", "Verified by", required=True, help="Somebody else."),
    VerbField("verification_method", "textarea", "How they will see that it works", required=True),
    VerbField("is_priority", "flag", "Priority: due in 4 weeks (S1) or 8 (S2)"),
    VerbField("due_on", "date", "Due", help="Empty: 4, 8 or 12 weeks from now."),
)
ACTION_VERB_FIELDS: dict[ActionVerb, tuple[VerbField, ...]] = {
    ActionVerb.START: (),
    ActionVerb.FINISH: (_text("evidence", "What shows that it is done"),),
    ActionVerb.VERIFY: (_COMMENT,),
    ActionVerb.REJECT: (_text("reason", "What is missing"),),
    ActionVerb.WONT_DO: (_REASON,),
    ActionVerb.MOVE_DUE: (VerbField("due_on", "date", "New day"), _REASON),
}
