"""`make bench`: every figure beside its comparison, as a table and as JSON.

    python tests/bench/run.py [--json FILE] [PART ...]

Exits with 1 when a figure is missed or two sides do not agree.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, table

PARTS = {
    "business_time": "adding business time",
    "charts": "charts of KPIs",
    "intake": "signals in, notices out",
    "readings": "readings in",
    "sweep": "the sweep among a million clocks",
    "lateness": "from due to written",
    "thresholds": "the check of KPIs",
    "seals": "sealing the record",
    "desk": "the queue of a great many",
    "lists": "lists of 100,000 rows",
}


def part(name: str) -> Callable[[], Iterable[Figure]]:
    return import_module(f"tests.bench.{name}").figures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.parts) - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}: use {', '.join(PARTS)}")
    found: list[Figure] = []
    for name in asked.parts or PARTS:
        print(f"== {PARTS[name]}", file=sys.stderr, flush=True)
        found += part(name)()
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps([each.row for each in found], indent=2) + "\n")
    return 0 if all(each.is_reached for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
