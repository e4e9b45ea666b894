"""Objects written as git writes them, one file each, where no process of git's is worth it. It moves no ref."""

from __future__ import annotations

import os
import re
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from splinter.git import object_reader
from splinter.git.command_line import Repository
from splinter.system import disk_errors

_DATE = re.compile(r"@(\d{1,10} (?!-0000)[+-](?:0\d|1[0-4])[0-5]\d)")
_CRUD = "".join(map(chr, range(33))) + ".,:;<>\"\\'"  # which git takes off the ends of names
Person = tuple[str, str, str]  # name, address, time as git takes it


def write(objects: Path, kind: str, data: bytes, *, id_length: int = 40) -> str:
    """Write an object into a folder of objects, through to the disk; returns its id."""
    whole = f"{kind} {len(data)}\0".encode() + data
    id = object_reader.digest(whole, id_length)
    file = objects / id[:2] / id[2:]
    if file.exists():
        return id
    file.parent.mkdir(exist_ok=True)
    handle, made = tempfile.mkstemp(prefix="tmp_obj_", dir=file.parent)
    try:
        with open(handle, "wb") as output:  # noqa: PTH123
            output.write(zlib.compress(whole, 1))
            output.flush()
            os.fsync(handle)
        os.chmod(made, 0o444)  # noqa: PTH101
        os.replace(made, file)  # noqa: PTH105
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
    return id


def commit(
    repository: Repository, tree: str, parents: Sequence[str], message: bytes, *, author: Person, committer: Person
) -> str | None:  # fmt: skip
    """The id of a commit that lies apart from now on; None for one that git writes otherwise than it is given.

    Raises StorageError.
    """
    people = [_person(*who) for who in (author, committer)]
    is_plain = repository.objects and not repository.format.shared and None not in people and _is_plain(message)
    if not repository.objects or not is_plain or len({*parents}) < len(parents):
        return None
    kinds = {"tree": [tree], "commit": [*parents]}
    for kind, ids in kinds.items():
        if any((found := object_reader.info(repository, id)) is None or found.kind != kind for id in ids):
            return None
    lines = [f"tree {tree}", *(f"parent {id}" for id in parents), f"author {people[0]}", f"committer {people[1]}"]
    with disk_errors.as_storage_errors(lambda: [repository.state]):
        data = "\n".join([*lines, "", ""]).encode() + message
        return write(repository.objects, "commit", data, id_length=len(tree))


def _person(name: str, address: str, date: str) -> str | None:
    when = _DATE.fullmatch(date)
    texts = (name, address)
    if not when or any(not text or text != text.strip(_CRUD) or set("<>\n\0") & set(text) for text in texts):
        return None
    return f"{name} <{address}> {when[1]}" if all(map(_is_plain_text, texts)) else None


def _is_plain(message: bytes) -> bool:
    """Whether git writes a message byte for byte."""
    try:
        return _is_plain_text(message.decode())
    except UnicodeDecodeError:
        return False


def _is_plain_text(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    # of what Unicode has no character for, git takes the bytes for another encoding
    return not any(
        code == 0 or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE
        for code in map(ord, text)
    )
