"""A copy of the user's refs, in a folder that new objects go to as well: what a simulated run has in their place.

Objects of the user's are read where they are. Nothing of the user's repository is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from splinter.git.command_line import Repository
from splinter.system.files import write_whole


def make(users: Repository, folder: Path, refs: Mapping[str, str], symbolic: Mapping[str, str]) -> None:
    """Fill a folder that is not there yet; `refs` are ids by name, `symbolic` the refs that others name.

    Raises OSError.
    """
    for name in ("objects/info", "objects/pack", "refs", "logs"):
        (folder / name).mkdir(parents=True)
    write_whole(folder / "objects/info/alternates", f"{users.common / 'objects'}\n")
    lines = (f"{id} {ref}\n" for ref, id in sorted(refs.items()) if ref not in symbolic)
    (folder / "packed-refs").write_bytes(os.fsencode("".join(lines)))
    for ref, target in symbolic.items():
        if ref in refs:  # its target is there
            (folder / ref).parent.mkdir(parents=True, exist_ok=True)
            (folder / ref).write_bytes(os.fsencode(f"ref: {target}\n"))
    if (users.common / "shallow").is_file():
        shutil.copyfile(users.common / "shallow", folder / "shallow")
