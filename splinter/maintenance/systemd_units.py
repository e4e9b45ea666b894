"""What `doit init --systemd` writes: a service and a timer of the user's own systemd, for one repository.

It starts nothing and overwrites nothing; what a unit may see of secrets stands in a file that the user writes.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from splinter.errors import InputError
from splinter.maintenance import init
from splinter.maintenance.init import Written

_SERVICE = """\
# The nightly of {root}; `systemctl --user start {name}.service` runs it now, `journalctl --user -u {name}` shows it.
[Unit]
Description=splinter: the workstreams of {root}

[Service]
Type=oneshot
WorkingDirectory={root}
# model keys and where reports go, a NAME=value a line; let nobody else read it: chmod 600
EnvironmentFile=-%E/splinter/{name}.env
ExecStart={python} -m doit
# 3: its files cannot be run, 4: another run holds the lock. All else doit has told of itself.
ExecStopPost=-/bin/sh -c 'case "$EXIT_STATUS" in 3|4) exec "$0" -m doit alarm --status "$EXIT_STATUS";; esac' {python}
ExecStopPost=-{python} -m doit gc
"""
_TIMER = """\
# `systemctl --user enable --now {name}.timer` switches it on; with `loginctl enable-linger` it runs while you are away.
[Unit]
Description=splinter: each night, the workstreams of {root}

[Timer]
OnCalendar=*-*-* 02:00:00 UTC
Persistent=true

[Install]
WantedBy=timers.target
"""


def write(folder: Path, root: Path, python: str) -> tuple[Written, ...]:
    """Write both into the folder of the user's units, as `splinter-NAME-HASH`; raises InputError for odd paths."""
    for path in (str(root), python):
        if re.search(r"[\x00-\x1f\x7f\"'\\$%]", path):
            raise InputError(f"{path!r} holds a sign that systemd takes for one of its own; give it another name")
    name = f"splinter-{re.sub('[^A-Za-z0-9]+', '-', root.name).strip('-')}-{_short(root)}"
    words = {"root": str(root), "python": f'"{python}"', "name": name}
    texts = {f"{name}.service": _SERVICE, f"{name}.timer": _TIMER}
    return tuple(init.place(folder, file, text.format(**words)) for file, text in texts.items())


def _short(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:6]
