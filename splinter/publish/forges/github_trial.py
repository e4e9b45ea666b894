"""A draft on GitHub that is opened to see what the token may do, and closed at once. It deletes no branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splinter.publish.forges import github_pulls
from splinter.publish.forges.github_errors import is_refusal

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from github.Repository import Repository


@dataclass(slots=True)
class GitHubTrial:
    """One of them; `repository` asks for it, and `errors` turns PyGithub's errors into ours."""

    repository: Callable[[], Repository]
    errors: Callable[[], AbstractContextManager[None]]
    _pull: PullRequest | None = None

    def open(self, *, head: str, base: str, title: str, body: str) -> str:
        """Open the draft; where the repository has none, a pull request that is open for review."""
        from github import GithubException

        with self.errors():
            repository = self.repository()
            try:
                self._pull = repository.create_pull(base=base, head=head, title=title, body=body, draft=True)
            except GithubException as error:
                if not is_refusal(error, "draft"):
                    raise
                self._pull = repository.create_pull(base=base, head=head, title=title, body=body, draft=False)
                return f"{self._pull.html_url}, and open for review: this repository has no draft pull requests"
            return self._pull.html_url

    def label(self, wanted: Sequence[str]) -> str:
        """Put one of the repository's labels on it: one that is wanted, else any; empty where it has none."""
        with self.errors():
            assert self._pull
            names = [label.name for label in self.repository().get_labels()]
            name = next((name for name in names if name in wanted), next(iter(names), ""))
            if name:
                self._pull.add_to_labels(name)
            return name

    def comment(self, text: str) -> None:
        """Comment on it."""
        with self.errors():
            assert self._pull
            self._pull.create_issue_comment(text)

    def close(self, head: str) -> tuple[str, ...]:
        """Close whatever is open of that branch, also what was opened while the answer was lost."""
        with self.errors():
            found = github_pulls.of_head(self.repository(), head, state="open")
            if not found and self._pull:  # GitHub's listing lags behind
                found = [self._pull]
            for one in found:
                one.edit(state="closed")
            return tuple(one.html_url for one in found)
