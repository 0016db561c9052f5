"""Says when cron expressions tick, for comparison: a line `[expression, from, count]` in, a line of times out.

Times are seconds since 1970 in UTC. An expression of six fields has its seconds in front.
"""

import json
import sys
from datetime import datetime, timezone

from croniter import croniter


def ticks(expression: str, start: int, count: int) -> list[int]:
    """The next ticks after a moment."""
    begin = datetime.fromtimestamp(start, timezone.utc)
    found = croniter(expression, begin, second_at_beginning=True)
    return [int(found.get_next(datetime).timestamp()) for _ in range(count)]


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(ticks(*json.loads(line))))


if __name__ == "__main__":
    main()
