"""Where imported files come from and go to: the user's files, the folder, the settings. It converts nothing."""

from __future__ import annotations

import errno
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from splinter.config import rules, settings_file, yaml_documents
from splinter.config.importer import batch, profiles
from splinter.config.importer.batch import Batch, File, Kind
from splinter.config.yaml_documents import MAX_BYTES
from splinter.errors import InputError, SplinterError
from splinter.model import layout
from splinter.system.files import write_whole
from splinter.text.patterns import path_problem, shown

HEAD = "# Settings of splinter. Secrets never belong here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A workstream that is there: its file from the repository's root, and the ids it depends on."""

    path: str
    depends_on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a workstream was written, or the file with its id that was there and was kept."""

    path: str
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What the settings lack, as TOML; `message` says it, `file_text` is None where the user has to add it."""

    text: str
    message: str
    file_text: str | None = None


def read(names: Sequence[str], here: Sequence[Path], root: Path) -> tuple[File, ...]:
    """The files of those names, looked for from the folders `here` that lie in the repository, or from the first."""
    folders = [
        folder for index, folder in enumerate(here) if index == 0 or folder.resolve().is_relative_to(root.resolve())
    ]
    return tuple(_file(name, folders) for name in dict.fromkeys(names))


def convert(files: Sequence[File], *, root: Path, into: str) -> Batch:
    """The files as workstreams beside those in the folder `into`; raises InputError where that is no folder of ours."""
    _check_into(root, into)
    existing, occupied = _existing(root, into)
    own_tools = settings_file.read(root).tools
    known = {id: one.depends_on for id, one in existing.items()}
    above = "../" * len(PurePosixPath(into).parts)
    return batch.convert(files, existing=known, occupied=occupied, own_tools=own_tools, above=above)


def place(found: Batch, *, root: Path, into: str, is_dry_run: bool = False) -> dict[str, Placed]:
    """Write each workstream whose id is not there yet; returns by id where it lies."""
    existing, _ = _existing(root, into)
    placed: dict[str, Placed] = {}
    for result in found.results:
        if result.kind != Kind.WORKSTREAM:
            continue
        old = existing.get(result.id)
        path = f"{into}/{result.id}.yaml"
        placed[result.id] = Placed(path=old.path, is_kept=True) if old else Placed(path=path)
        if not old and not is_dry_run:
            _write(root / path, path, result.text)
    return placed


def settings_addition(found: Batch, root: Path) -> Addition:
    """What the batch adds to the settings, which are never rewritten: at the end of splinter.toml, or for the user."""
    source = settings_file.read(root).source
    file = root / layout.SETTINGS
    old = file.read_text("utf-8") if file.is_file() else ""
    comments = ["\n".join(f"# {line}".rstrip() for line in lines) + "\n" for lines in found.comments]
    comments = [text for text in comments if text not in old]
    prefix = "tools" if source in (None, layout.SETTINGS) else "tool.splinter.tools"
    text = "\n".join([*comments, *([profiles.text(found.tables, prefix=prefix)] if found.tables else [])])
    names = ", ".join(f"[{prefix}.{table.name}]" for table in found.tables) or "comments"
    if not text:
        return Addition(text="", message="")
    if source is None and not os.path.lexists(file):
        return Addition(text=text, message=f"{layout.SETTINGS}: written: {names}", file_text=f"{HEAD}\n\n{text}")
    whole = f"{old.rstrip()}\n\n{text}" if old.strip() else text
    if source in (None, layout.SETTINGS) and file.is_file() and not file.is_symlink() and _keeps(old, whole):
        return Addition(text=text, message=f"{layout.SETTINGS}: added at its end: {names}", file_text=whole)
    unknown = ", ".join(table.name for table in found.tables)
    until = f'; until then "doit check" does not know {unknown}' if unknown else ""
    return Addition(text=text, message=f"add these lines to {source or layout.SETTINGS}{until}:\n\n{text}")


def add_settings(addition: Addition, root: Path) -> None:
    """Write the settings file where it is ours to write."""
    if addition.file_text is not None:
        _write(root / layout.SETTINGS, layout.SETTINGS, addition.file_text)


def _file(name: str, folders: Sequence[Path]) -> File:
    path = next((path for folder in folders if (path := folder / name).exists()), folders[0] / name)
    try:
        if path.is_dir():
            return File(path=name, problem="is a folder; name the files in it")
        if path.exists() and not path.is_file():  # a pipe would wait for ever
            return File(path=name, problem="is not a file")
        with path.open("rb") as stream:
            return File(path=name, raw=stream.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return File(path=name, problem="does not exist")
    except (OSError, ValueError) as error:
        why = (
            "is a loop of symlinks"
            if getattr(error, "errno", 0) == errno.ELOOP
            else str(getattr(error, "strerror", error))
        )
        return File(path=name, problem=f"cannot be read: {why}")


def _check_into(root: Path, into: str) -> None:
    why = path_problem(into)
    if why:
        raise InputError(f"--into {shown(into)} {why}")
    folder = root / into
    if not folder.resolve().is_relative_to(root.resolve()):
        raise InputError(f"--into {shown(into)} leads out of the repository through a link; nothing was written")
    nearest = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if not nearest.is_dir():
        raise InputError(f"--into {shown(into)}: {nearest.name} is a file, not a folder; nothing was written")


def _existing(root: Path, into: str) -> tuple[dict[str, Existing], frozenset[str]]:
    """The workstreams in that folder by id, and the names of files in it that an id would need."""
    folder = root / into
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    found: dict[str, Existing] = {}
    for file in files:
        if file.suffix in layout.WORKSTREAM_SUFFIXES and file.is_file() and not file.name.startswith("."):
            with file.open("rb") as stream:
                document = yaml_documents.read(stream.read(MAX_BYTES + 1), path=file.name)
            id = rules.value_at(document.data, ("id",))
            if isinstance(id, str):
                waits = tuple(name for _, name in rules.texts(document, "depends_on"))
                found.setdefault(id, Existing(path=f"{into}/{file.name}", depends_on=waits))
    return found, frozenset(file.stem for file in files if file.suffix == ".yaml")


def _keeps(old: str, whole: str) -> bool:
    """Whether the longer text still says all that the old one does."""
    try:
        before, after = tomllib.loads(old), tomllib.loads(whole)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return _holds(after, before)


def _holds(after: Mapping[str, object], before: Mapping[str, object]) -> bool:
    return all(
        key in after
        and (
            after[key] == value
            or (isinstance(value, dict) and isinstance(own := after[key], dict) and _holds(own, value))
        )
        for key, value in before.items()
    )


def _write(file: Path, path: str, text: str) -> None:
    try:
        write_whole(file, text)
    except OSError as error:
        raise SplinterError(f"{path} could not be written: {error.strerror}") from error
