"""How many examples a property tries: few in the suite, many when somebody asks.

BELAY_EXAMPLES=100 makes every property try a hundred times as many, for example
`BELAY_EXAMPLES=100 make test ARGS="tests/accounts/rules tests/escalations/rules"`.
"""

from __future__ import annotations

import os

from django.conf import settings as django_settings
from hypothesis import settings

TIMES = int(os.environ.get("BELAY_EXAMPLES", "1"))


def examples(count: int, *, steps: int = 50) -> settings:
    """`steps` is how long a state machine runs. On PostgreSQL half as many: it asks whether that
    database does the same, after SQLite asked whether the rule is right."""
    if django_settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        count = max(1, count // 2)
    return settings(max_examples=count * TIMES, deadline=None, stateful_step_count=steps)
