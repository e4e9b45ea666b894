"""A small formatter: no blank at the end of a line. With --check it only says which files it would change."""

import pathlib
import sys

check = "--check" in sys.argv
status = 0
for file in sorted(pathlib.Path(sys.argv[-1]).rglob("*.txt")):
    text = file.read_text()
    formatted = "".join(line.rstrip() + "\n" for line in text.splitlines())
    if text != formatted:
        status = 1
        print(file)
        check or file.write_text(formatted)
sys.exit(status if check else 0)
