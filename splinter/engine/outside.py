"""What a call found when it began: the repository, what the user set, the time, what must not be shown. All frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.model.ports import Clock, Snapshot
from splinter.model.settings import Environment, Settings
from splinter.text.redact import Redactor

# the environment that lets git use a forge's token for a remote's URL, empty where there is none
Auth = Callable[[str, Environment], dict[str, str]]
# whether a remote's URL leads to a forge that we publish on, with or without its token
IsHosted = Callable[[str, Environment], bool]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # `doit info` prints what a task holds: no secret in it
class Outside:
    """The world that a call works in; `state` is the folder of work trees."""

    repository: Repository
    snapshot: Snapshot
    settings: Settings
    environment: Environment
    clock: Clock
    redactor: Redactor
    state: Path
    auth: Auth
    is_hosted: IsHosted

    @property
    def hides_transcripts(self) -> bool:
        """Whether nothing that an agent printed may be told: anybody may read the log of a job of GitHub Actions."""
        return self.environment.variables.get("GITHUB_ACTIONS") == "true" and not self.settings.show_transcripts

    def remote_auth(self, remote: str) -> dict[str, str]:
        """The environment that lets git use the token of a remote's forge, else nothing."""
        return self.auth(self.snapshot.remotes[remote], self.environment)

    def pushed_to(self, remote: str) -> tuple[str, dict[str, str]]:
        """Where our branches are on a remote, as git takes it, and what lets git use a token there.

        With a `pushurl` that is another place than the base is fetched from.
        """
        url = self.snapshot.push_urls.get(remote)
        return (url, self.auth(url, self.environment)) if url else (remote, self.remote_auth(remote))

    @property
    def is_simulated(self) -> bool:
        """Whether no agent is called, and nothing of this is to count."""
        return self.repository.copy is not None

    def shown(self, path: str) -> str:
        """A path as records hold it, for whoever stands in the user's checkout; an address, or none, stays as it is."""
        is_there = bool(path) and (self.repository.root / path).exists()
        return f"{layout.STATE}/{layout.SIMULATED}/{path}" if self.is_simulated and is_there else path

    def relative(self, path: Path) -> str:
        """A path as records hold it: from the repository's root, with `/`."""
        return path.relative_to(self.repository.root).as_posix()
