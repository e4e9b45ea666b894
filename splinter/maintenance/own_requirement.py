"""What pip has to be told to install this very splinter elsewhere: a release, or the commit it was installed from.

It never names a package without saying which: whoever takes a name in an index would run code in the nightly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from splinter.errors import SplinterError
from splinter.git import user_repository

PACKAGE = "doit-splinter"


def found(environ: Mapping[str, str]) -> str:
    """Such as `doit-splinter==0.1.0`; empty where nothing says what would be the same elsewhere."""
    try:
        own = metadata.distribution(PACKAGE)
        origin = json.loads(own.read_text("direct_url.json") or "null")
    except (metadata.PackageNotFoundError, ValueError):
        return ""
    return of_origin(own.version, origin, environ)


def of_origin(version: str, origin: Any, environ: Mapping[str, str]) -> str:
    """By what pip wrote down of where it came from (PEP 610); None is an index, which has releases."""
    if origin is None:
        return f"{PACKAGE}=={version}"
    try:
        url, vcs = urlsplit(str(origin["url"])), origin.get("vcs_info", {})
        if vcs.get("vcs") == "git":
            return _at(str(origin["url"]), str(vcs["commit_id"]))
        if "dir_info" in origin and url.scheme == "file":
            return _of_folder(Path(unquote(url.path)), environ)
    except (KeyError, TypeError, AttributeError, ValueError, SplinterError):
        pass
    return ""


def _of_folder(folder: Path, environ: Mapping[str, str]) -> str:
    """By the commit that a checkout is at, and where it was cloned from."""
    top = user_repository.toplevel(folder, environ)
    if top.resolve() != folder.resolve():
        return ""
    seen = user_repository.snapshot(user_repository.open_repository(top, environ))
    return _at(seen.remotes.get("origin", ""), seen.head or "")


def _at(url: str, commit: str) -> str:
    """A commit of a repository that any machine reaches, by an address that holds no password."""
    parts = urlsplit(url)
    is_public = parts.scheme == "https" and parts.hostname and not parts.username and not parts.password
    return f"{PACKAGE} @ git+{url}@{commit}" if is_public and commit else ""
