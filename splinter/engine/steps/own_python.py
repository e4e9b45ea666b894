"""What of a commit is the repository's own Python: packages, modules, names of its projects. It runs none of it."""

from __future__ import annotations

import json
import re
from typing import Any

from splinter.config import toml_documents
from splinter.config.yaml_documents import MAX_BYTES
from splinter.engine.session import Session
from splinter.engine.tools import python_imports
from splinter.engine.tools.python_imports import Own, TopLevel
from splinter.git import blobs
from splinter.git import commands as git
from splinter.git.command_line import Repository

_MOST_PROJECTS = 30  # files that may name a project
_SETUP_NAME = re.compile(
    r"""^\[metadata\][^\[]*?^name\s*=\s*(\S+)"""
    r"""|\bsetup\((?:(?!setup\()[^)])*?\bname\s*=\s*["']([\w.-]+)["']""",
    re.MULTILINE,
)


def of_commit(session: Session, commit: str) -> Own:
    """What of a commit is Python, looked at once."""

    def look() -> str:
        own = read(session.outside.repository, commit)
        names = [[one.root, one.name] for one in own.names]
        return json.dumps({"names": names, "projects": sorted(own.projects), "is_nameless": own.is_nameless})

    known = json.loads(session.known.once(f"Python of {commit}", look) or "{}")
    return Own(
        names=frozenset(TopLevel(*one) for one in known["names"]),
        projects=frozenset(known["projects"]),
        is_nameless=known["is_nameless"],
    )


def read(repository: Repository, commit: str) -> Own:
    """What of a commit is Python; the files that name projects are read only where there is some."""
    paths = git.paths_of(repository, commit)
    names = python_imports.top_levels(paths)
    if not names:
        return Own()
    files = [path for path in paths if path.rpartition("/")[2] in python_imports.PROJECT_FILES and "\n" not in path]
    nearest = sorted(files, key=lambda path: path.count("/"))[:_MOST_PROJECTS]
    projects = frozenset(filter(None, map(project, blobs.texts(repository, commit, nearest, most=MAX_BYTES))))
    # a name that setup.py computes is known to nobody who does not run it
    return Own(names=names, projects=projects, is_nameless=not projects and "setup.py" in files)


def project(text: str) -> str:
    """What the distribution of a pyproject.toml, setup.cfg or setup.py is called; empty where it does not say."""
    document = toml_documents.parse(text.encode("utf-8", "replace"), path="")
    if document.is_readable:
        project, poetry = (_table(document.data, *names) for names in (("project",), ("tool", "poetry")))
        name = project.get("name") or poetry.get("name") or ""
    else:
        found = _SETUP_NAME.search(text)
        name = (found[1] or found[2]) if found else ""
    return re.sub(r"[-_.]+", "-", str(name)).lower()


def _table(data: Any, *names: str) -> dict[str, Any]:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def gone(session: Session, own: Own, *, start: str | None, commit: str) -> tuple[str, ...]:
    """The modules that a change from `start` to a commit took away."""
    if not start or start == commit:
        return ()
    before = of_commit(session, start).names
    if not before:
        return ()
    deleted = [one.path for one in git.diff(session.outside.repository, start, commit) if one.status == "D"]
    return python_imports.gone(own.names, before, deleted) if deleted else ()
