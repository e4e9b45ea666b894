"""A pull request of its own to try token and settings by: pushed, opened, labelled, commented on, and removed again.

It touches nothing of a workstream's, and moves no ref here.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from splinter.engine.session import Session
from splinter.errors import PublishError, SplinterError
from splinter.git import commands as git
from splinter.git import remotes
from splinter.model import finding
from splinter.model.finding import Finding, State
from splinter.model.plan import choose_remote
from splinter.model.ports import Trial
from splinter.publish import plugins, pull_request
from splinter.text import markdown
from splinter.text.redact import Masked

_PREFIX = "test-"
_TITLE = "A test of splinter's, closed at once"
_BODY = "`doit pr --test` opened this to see what its token may do. It closes it at once, and deletes the branch."
_COMMENT = "This is the comment of the test."
_MESSAGE = Masked("A test of splinter's\n\n[skip ci]\n")  # GitHub Actions start nothing for it
_NEEDS_CONTENTS = "with GitHub the token needs the right to write Contents"
_NO_LABEL = "not tried, for the repository has none"
_WIDTH = len(State.PROBLEM) + 2


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One trial of `remote`; `say` is told each line, `failed` are the parts that did not work.

    `labels` are those to choose from first. `commit` is what was pushed, or may have been; `is_begun`: a pull request
    was asked for, and may be there.
    """

    session: Session
    say: Callable[[str], None]
    remote: str
    branch: str
    labels: Sequence[str] = ()
    commit: str = ""
    is_begun: bool = False
    failed: list[str] = field(default_factory=list)

    @property
    def head(self) -> str:
        """The branch as the forge knows it."""
        return plugins.pushed_as(self.session.outside, self.branch)

    def do(self, part: str, call: Callable[[], str], needs: str = "") -> bool:
        """Do one part of it, and say whether it worked; `needs` is what the token may lack."""
        try:
            done = call()
            self.tell(finding.note("", part, done) if done == _NO_LABEL else finding.ok("", part, done))
        except SplinterError as error:
            self.failed.append(part)
            self.tell(finding.problem("", part, f"{error}{needs and '; '}{needs}"))
            return False
        return True

    def tell(self, one: Finding) -> None:
        """Say a line."""
        line = markdown.one_line(f"{one.name}: {one.message}")
        self.say(self.session.outside.redactor.text(f"{one.state:<{_WIDTH}}{line}"))


def begin(session: Session, say: Callable[[str], None]) -> Attempt:
    """A trial with nothing done yet; raises SplinterError where there is nothing to try."""
    outside = session.outside
    if why := pull_request.why_not_hosted(outside):
        raise PublishError(f"there is no pull request to try: {why}")
    remote = choose_remote(outside.settings, outside.snapshot)
    assert remote
    branch = f"{outside.settings.branch_prefix}{_PREFIX}{secrets.token_hex(4)}"
    return Attempt(session=session, say=say, remote=remote, branch=branch)


def question(attempt: Attempt) -> str:
    """What is said before anything is done."""
    return (
        f"This pushes an empty commit to {attempt.remote} as {attempt.branch}, opens a draft pull request at"
        f" {pull_request.target(attempt.session.outside)}, labels it, comments on it, closes it and deletes the branch."
        " The closed pull request stays in the list there."
    )


def carry_out(attempt: Attempt) -> bool:
    """Do it, with a line for each part, and remove what was made whatever happens; whether all of it worked."""
    attempt.session.known.again = "doit pr --test"
    hosted = pull_request.hosted(attempt.session)
    assert hosted
    trial, base = hosted.trial(), _base(attempt)
    try:
        if attempt.do("push", lambda: _pushed(attempt, base), _NEEDS_CONTENTS):
            _try(attempt, trial, base)
    finally:
        _remove(attempt, trial)
    _tell_of_others(attempt)
    return not attempt.failed


def _base(attempt: Attempt) -> str:
    """The branch that the draft aims at."""
    outside, remote = attempt.session.outside, attempt.remote
    named = outside.settings.base
    default = None if named else remotes.default_branch(outside.repository, remote, outside.remote_auth(remote))
    found = named or (default and default[0])
    if not found:
        raise PublishError(f"{remote} names no default branch; `base` in the settings names the one to start from")
    return found


def _pushed(attempt: Attempt, base: str) -> str:
    """Push an empty commit on top of the remote's base, which is kept nowhere here."""
    outside, remote = attempt.session.outside, attempt.remote
    (place, auth), theirs = outside.pushed_to(remote), outside.remote_auth(remote)
    with attempt.session.apart() as apart:
        repository = apart.outside.repository
        start = remotes.remote_id(repository, remote, base, theirs)
        if not start:
            raise PublishError(f"{remote} has no branch {base}")
        if not git.existing(repository, [start]):
            remotes.fetch_objects(repository, remote, [f"refs/heads/{base}"], theirs)
        attempt.commit = git.commit_tree(
            repository, git.tree_of(repository, start), [start], _MESSAGE,
            date_s=int(outside.clock.now().timestamp()), is_signed=outside.settings.sign_commits,
        )  # fmt: skip
        remotes.move(repository, place, [remotes.branch(attempt.branch, attempt.commit, expected="")], auth=auth)
    return f"{attempt.branch} on {remote}"


def _try(attempt: Attempt, trial: Trial, base: str) -> None:
    """Open it, and do to it what runs do."""
    attempt.is_begun = True
    if not attempt.do("open", lambda: trial.open(head=attempt.head, base=base, title=_TITLE, body=_BODY)):
        return
    attempt.do("label", lambda: trial.label(attempt.labels) or _NO_LABEL)

    def comment() -> str:
        trial.comment(_COMMENT)
        return "on the pull request"

    attempt.do("comment", comment)


def _tell_of_others(attempt: Attempt) -> None:
    """Name what a test that was killed has left; another one may be under way, so it is not deleted."""
    outside = attempt.session.outside
    place, auth = outside.pushed_to(attempt.remote)
    own = re.compile(f"{re.escape(outside.settings.branch_prefix)}{_PREFIX}[0-9a-f]{{8}}")
    try:
        there = remotes.heads(outside.repository, place, auth)
    except SplinterError:  # what did not work is told already
        return
    for name in sorted(name for name in there if own.fullmatch(name) and name != attempt.branch):
        message = f"it looks like one of a test that was cut off; `{_by_hand(attempt.remote, name)}` deletes it"
        attempt.tell(finding.note("", name, message))


def _by_hand(remote: str, branch: str) -> str:
    return f"git push {shlex.quote(remote)} --delete {shlex.quote(branch)}"


def _remove(attempt: Attempt, trial: Trial) -> None:
    """Close and delete all that is there, or may be; what could not be removed is named with what removes it."""
    if not attempt.commit:
        return
    by_hand = _by_hand(attempt.remote, attempt.branch)
    try:
        if attempt.is_begun:
            attempt.do("close", lambda: _closed(trial, attempt.head), "its branch is deleted next, which closes it too")
        attempt.do("delete", lambda: _deleted(attempt), f"`{by_hand}` deletes it, and closes the pull request")
    except BaseException:  # told to end a second time: what may be left is not kept back
        attempt.say(
            f"{attempt.branch} may be left on {attempt.remote}: `{by_hand}` deletes it, and closes the pull request"
        )
        raise


def _closed(trial: Trial, head: str) -> str:
    return ", ".join(trial.close(head)) or "none is open"


def _deleted(attempt: Attempt) -> str:
    """Delete the branch, unless somebody moved it."""
    outside, ref = attempt.session.outside, f"refs/heads/{attempt.branch}"
    place, auth = outside.pushed_to(attempt.remote)
    there = remotes.remote_id(outside.repository, place, attempt.branch, auth)
    if there:
        gone = remotes.Move(ref=ref, new="", expected=attempt.commit)
        remotes.move(outside.repository, place, [gone], auth=auth, timeout_s=remotes.SHORT_TIMEOUT_S)
    return f"{attempt.branch} on {attempt.remote}" if there else f"nothing, for {attempt.branch} is not there"
