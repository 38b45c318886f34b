"""How many examples a property tries: few in the suite, many when somebody asks.

BELAY_EXAMPLES=100 makes every property try a hundred times as many, for example
`BELAY_EXAMPLES=100 make test ARGS="tests/accounts/rules tests/escalations/rules"`.
"""

from __future__ import annotations

import os

from hypothesis import settings

TIMES = int(os.environ.get("BELAY_EXAMPLES", "1"))


def examples(count: int, *, steps: int = 50) -> settings:
    """`steps` is how long a state machine runs."""
    return settings(max_examples=count * TIMES, deadline=None, stateful_step_count=steps)
