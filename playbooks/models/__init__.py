from playbooks.models.playbooks import Playbook, PlaybookStep, PlaybookVersion
from playbooks.models.runs import PlaybookRun, StepRun
from playbooks.models.templates import MessageTemplate

__all__ = [
    "MessageTemplate",
    "Playbook",
    "PlaybookRun",
    "PlaybookStep",
    "PlaybookVersion",
    "StepRun",
]
