"""The world of one row: a repository whose workstream `w` has made its branch, alone or with a remote and GitHub."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

from tests.counterparts import TOKEN
from tests.world import TUESDAY, Done, World

NAME, OURS = "octo/project", "Title of w (s)"
FIRST, SECOND = "printf '1\\n2\\n3\\n' > x.txt", "printf '1\\n2\\nthree\\n' > x.txt"
PERSON = {
    "GIT_AUTHOR_NAME": "A Person", "GIT_AUTHOR_EMAIL": "person@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+02:00", "GIT_COMMITTER_NAME": "A Person",
    "GIT_COMMITTER_EMAIL": "person@example.org",
}  # fmt: skip
Story = Generator[None, Done, None]
"""What a row is: it makes the situation, yields, is sent how `doit` ended, and looks."""


class GitHub:
    """The counterpart, asked directly."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", method=method, data=data, headers=headers)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def begin_anew(self) -> None:
        """The repository without any pull request."""
        if any(one["full_name"] == NAME for one in self.call("GET", "/user/repos")):
            self.call("DELETE", f"/repos/{NAME}")
        self.call("POST", "/user/repos", {"name": NAME.split("/")[1], "auto_init": True})

    def pulls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/repos/{NAME}/pulls?state=all")
        return sorted(found, key=lambda pull: int(pull["number"]))

    def comments(self) -> list[str]:
        return [one["body"] for one in self.call("GET", f"/repos/{NAME}/issues/1/comments")]

    def close(self) -> None:
        self.call("PATCH", f"/repos/{NAME}/pulls/1", {"state": "closed"})

    def merge(self, method: str) -> None:
        """A human marks the pull request as ready and merges it; what git makes of it is the row's to push."""
        (pull,) = self.pulls()
        self.begin_anew()
        self.open(pull, is_draft=False)
        self.call("PUT", f"/repos/{NAME}/pulls/1/merge", {"merge_method": method})

    def open(self, pull: dict[str, Any], *, is_draft: bool) -> None:
        head, base = pull["head"]["ref"], pull["base"]["ref"]
        body = {"title": pull["title"], "body": pull["body"], "head": head, "base": base, "draft": is_draft}
        self.call("POST", f"/repos/{NAME}/pulls", body)

    def states(self) -> list[str]:
        """What a user sees of each pull request, the oldest first."""
        return ["merged" if pull["merged_at"] else pull["state"] for pull in self.pulls()]


class Scene:
    """`branch` is the workstream's, here and on the remote; `folder` holds everything of this world."""

    branch = "splinter/w"

    def __init__(self, folder: Path, world: World, api: GitHub | None) -> None:
        self.folder, self.world, self.api = folder, world, api
        self.origin = folder / "origin.git"
        self.last = Done(0, "", "")

    @property
    def hub(self) -> GitHub:
        assert self.api
        return self.api

    def doit(self, *arguments: str) -> Done:
        self.last = self.world.doit(*arguments)
        return self.last

    def git(self, *arguments: str, ok: bool = True) -> str:
        return self.world.git(*arguments, ok=ok)

    def tomorrow(self) -> None:
        self.world.now = TUESDAY

    def edit(self, command: str = SECOND, **fields: Any) -> None:
        """The workstream's definition edited, so that its change is another one."""
        self.world.workstream("w", steps=[self.world.step("s", command)], **fields)

    def sh(self, folder: Path, script: str) -> None:
        env = {**os.environ, **PERSON}
        done = subprocess.run(["sh", "-ec", script], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def here(self, script: str, on: str = "splinter/w") -> str:
        """A person works on the local branch, in a checkout that is gone afterwards; its tip."""
        folder = self.folder / "person"
        self.git("worktree", "add", "--quiet", str(folder), on)
        self.sh(folder, script)
        self.git("worktree", "remove", "--force", str(folder))
        return self.git("rev-parse", f"refs/heads/{on}")

    def there(self, script: str, on: str = "splinter/w") -> str:
        """Somebody else works on a branch of the remote in a clone of his own, and pushes it, by force; its tip."""
        folder = self.folder / "theirs"
        shutil.rmtree(folder, ignore_errors=True)
        self.git("clone", "--quiet", str(self.origin), str(folder))
        self.sh(folder, f"git checkout -q {on}\n{script}\ngit push -q --force origin HEAD:refs/heads/{on}")
        return self.remote(on)

    def local(self, name: str = "refs/heads/splinter/w") -> str:
        return self.git("rev-parse", "--quiet", "--verify", name, ok=False)

    def remote(self, branch: str = "splinter/w") -> str:
        return self.git(f"--git-dir={self.origin}", "rev-parse", "-q", "--verify", f"refs/heads/{branch}", ok=False)

    def both(self) -> str:
        """The tip that the branch has here and on the remote."""
        assert self.local() == self.remote()
        return self.local()

    def subjects(self, base: str = "main", tip: str = "refs/heads/splinter/w") -> list[str]:
        return self.git("log", "--reverse", "--format=%s", f"{base}..{tip}").splitlines()

    def file(self, path: str, commit: str = "refs/heads/splinter/w") -> str:
        return self.git("show", f"{commit}:{path}")

    def files(self, commit: str = "refs/heads/splinter/w") -> set[str]:
        return set(self.git("ls-tree", "-r", "-z", "--name-only", commit).strip("\0").split("\0"))

    def start(self) -> str:
        """The commit that the workstream started from last."""
        return str(self.world.records()["w"]["base_commit"])

    def message(self) -> str:
        return str(self.world.records()["w"]["message"])

    def latest_run(self) -> str:
        import sqlite3

        database = self.world.root / ".splinter/history.db"
        if not database.exists():
            return ""
        db = sqlite3.connect(database)
        found = db.execute("select run from runs order by rowid desc limit 1").fetchone()
        db.close()
        return str(found[0]) if found else ""

    def ended(self, done: Done, run_before: str) -> str:
        """Exit status and outcome, or the reason of a failure; `-` where the workstream was not due."""
        record = self.world.records().get("w", {}) if self.latest_run() != run_before else {}
        return f"{done.status} {record.get('reason') or record.get('outcome') or '-'}"


def own_page(scene: Scene) -> str:
    """The pull request kept as a file, where there is no GitHub."""
    return re.sub(r"\r", "", (scene.world.root / ".splinter/pull-requests/w.md").read_text())
