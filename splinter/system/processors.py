"""How many processors this process may use: the machine's, as far as its affinity and its group's quota let it."""

from __future__ import annotations

import functools
import math
import os
from pathlib import Path

_GROUP, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_QUOTA, _PERIOD = "cpu.cfs_quota_us", "cpu.cfs_period_us"


@functools.cache
def available() -> int:
    """At least one; a container's quota of two and a half is three, of which the last waits at times."""
    quotas = quota(_GROUP, _GROUPS)
    return max(1, min(_by_affinity(), *(math.ceil(one) for one in quotas)) if quotas else _by_affinity())


def _by_affinity() -> int:
    """What the kernel lets our threads run on; everywhere else than on Linux all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota(group: Path, groups: Path) -> tuple[float, ...]:
    """The processors that our control group, and each above it, is given; none where nothing is limited, or known."""
    try:
        lines = group.read_text("utf-8").splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2) if line.count(":") > 1 else ("", "-", "")
        if controllers and "cpu" not in controllers.split(","):
            continue
        own = groups / controllers / path.lstrip("/") if controllers else groups / path.lstrip("/")
        places = [own, *own.parents]
        found += [_limit(place) for place in places[: places.index(groups) + 1] if ".." not in place.parts]
    return tuple(one for one in found if one is not None)


def _limit(folder: Path) -> float | None:
    """Of the second version `cpu.max`, of the first two files; None where it says no number."""
    try:
        if (folder / "cpu.max").is_file():
            given, period = (folder / "cpu.max").read_text("utf-8").split()
        else:
            given, period = ((folder / name).read_text("utf-8").strip() for name in (_QUOTA, _PERIOD))
        return int(given) / int(period) if int(given) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
