from __future__ import annotations

from accounts.models import User
from config.lib.errors import NotAllowed

RUN = "playbooks.run_playbook"
APPROVE = "playbooks.approve_run"
VIEW = "playbooks.view_playbook"
EDIT = "playbooks.change_playbook"

SENTENCES = {
    RUN: "Your role does not run playbooks.",
    APPROVE: "Approving a run or a step is for a duty manager, KPI owner, remediation leader or "
    "the governance committee.",
    EDIT: "Playbooks are edited by the governance committee and remediation leaders.",
}


def require(by: User, right: str) -> None:
    """Raises NotAllowed `missing_right`, 403."""
    if not by.has_perm(right):
        raise NotAllowed("missing_right", SENTENCES[right])
