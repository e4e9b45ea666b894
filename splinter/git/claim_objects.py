"""Commits on the empty tree, many in one call: what claims are. It moves no ref."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from splinter.git import command_line
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.text.redact import Masked

_CRUD = re.compile(r"[<>\x00-\x1f]")  # what git takes out of a name as well


def make(repository: Repository, messages: Sequence[Masked], *, date_s: int) -> list[str]:
    """Write one for each message, by our identity; `date_s` is seconds since the epoch, UTC. Returns their ids."""
    name, email = (_CRUD.sub("", one).strip() for one in (repository.identity.name, repository.identity.email))
    who = f"{name} <{email}> {date_s} +0000"
    head = f"tree {git.empty_tree(repository)}\nauthor {who}\ncommitter {who}\n\n"
    with tempfile.TemporaryDirectory(prefix="splinter-") as folder:
        files = [Path(folder) / str(number) for number in range(len(messages))]
        for file, message in zip(files, messages, strict=True):
            file.write_bytes(f"{head}{message}".encode())
        listing = "".join(f"{file.as_posix()}\n" for file in files).encode()
        words = ("hash-object", "-t", "commit", "-w", "--no-filters", "--stdin-paths")
        return command_line.call(repository, *words, stdin=listing).stdout.decode().split()
