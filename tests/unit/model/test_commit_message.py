"""What commits of ours say: the user's words, then our trailers and no others; a value steers nothing."""

from __future__ import annotations

import pytest

from splinter.model import commit_message
from splinter.model.settings import Identity
from splinter.model.workstream import Commit, Run, Step, Workstream

WHO = Identity(name="A B", email="a@example.org")
TRAILERS = {"Workstream": "w", "Run": "r"}
OURS = "Workstream: w\nRun: r"


def said(shared: Commit, own: Commit | None = None, *, step: bool = True) -> str:
    one = Step(id="go", action=Run(command="ls"), timeout_s=1, commit=own)
    workstream = Workstream(id="w", title="Title", source="w.yaml", steps=(one,), commit=shared)
    return commit_message.message(workstream, one if step else None, TRAILERS, WHO)


def test_words_of_the_user_stand_before_our_trailers_and_are_none() -> None:
    assert said(Commit()) == f"Title (go)\n\n{OURS}\n"
    assert said(Commit(), step=False) == f"Title\n\n{OURS}\n"
    assert said(Commit(message="a\n\nWorkstream: x\n")) == f"a\n\nWorkstream: x\n\n{OURS}\n"
    assert said(Commit(message="a"), Commit(message="b")) == f"b\n\n{OURS}\n"
    assert said(Commit(sign_off=True)) == f"Title (go)\n\n{OURS}\nSigned-off-by: A B <a@example.org>\n"


@pytest.mark.parametrize(
    ("typed", "value", "found"),
    [
        ("update V", "left-pad", ""),
        ("fixes #1, update V", "fix", ""),
        ("V", "Fixes #12", "Fixes #12"),
        ("fixes V", "#12", "fixes #12"),
        ("see V", "resolves octo/x#3", "resolves octo/x#3"),
        ("see V", "closes: https://example.org/o/r/issues/7", "closes: https://example.org/o/r/issues/7"),
        ("[skip V]", "ci", "[skip ci]"),
        ("V", "[ci skip]", "[ci skip]"),
        ("V", "skip-checks: true", "skip-checks: true"),
        ("V", "***NO_CI***", "***NO_CI***"),
    ],
)
def test_a_value_that_would_steer_a_forge_is_refused_and_what_is_typed_is_not(
    typed: str, value: str, found: str
) -> None:
    why = commit_message.filled_problem(typed, typed.replace("V", commit_message.value(value)))
    assert why == (f'a value makes the message say "{found}", which steers a forge or its CI' if found else None)
    assert commit_message.value("a\nWorkstream: x\r\n\u2028b") == "a Workstream: x b"
