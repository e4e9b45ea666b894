"""`python -m doit` that says at its end how often it did what costs: a program, called with the file to write and words."""

import atexit
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

counts: Counter[str] = Counter()


def count(owner: object, name: str, what: str) -> None:
    before = getattr(owner, name)

    def counting(*arguments: object, **more: object) -> object:
        counts[what] += 1
        return before(*arguments, **more)

    setattr(owner, name, counting)


def tell() -> None:
    counts["modules"] = len(sys.modules)
    Path(sys.argv[0]).write_text(json.dumps(counts))


if __name__ == "__main__":
    sys.path[0] = ""
    sys.argv[:] = sys.argv[1:]
    atexit.register(tell)
    count(threading.Thread, "start", "threads")
    count(subprocess.Popen, "__init__", "processes")
    count(Path, "replace", "written")
    from doit.doit_cmd import DoitMain

    sys.exit(DoitMain().run(sys.argv[1:]))
