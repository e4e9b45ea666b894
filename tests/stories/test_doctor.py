"""`doit doctor` as a user calls it: what it says of each thing, and that it never says a secret nor changes a byte."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splinter.config.tool_profiles import shipped
from tests.counterparts import GITHUB, TOKEN, emulated
from tests.counterparts.scripted import Answer, Asked, Scripted, scripted
from tests.pythons import Venv
from tests.world import CFG, Done, World

FINE_GRAINED = "github_pat_11AAAAAAA0123456789abcdefghijklmnopqrstuvwxyz"
OF_ACTIONS = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
SECRETS = {
    "SMTP_PASSWORD": "correct horse battery",
    "SENDGRID_API_KEY": "SG.0123456789abcdefghij.0123456789abcdefghij",
    "SLACK_WEBHOOK_URL": "http://127.0.0.1:1/services/T0123456789/B0123456789/0123456789abcdef",
    "HEALTHCHECK_URL": "http://127.0.0.1:1/0a1b2c3d-0000-0000-0000-0123456789ab",
    "OPENAI_API_KEY": "my-own-key-of-openai",
    "DOCS_TOKEN": "my-own-token-of-docs",
}
HIDDEN = (TOKEN, FINE_GRAINED, OF_ACTIONS, *SECRETS.values())
FILES = "pull requests become files in .splinter/pull-requests/"
UNREACHABLE = (
    "problem  github octo/project: 127.0.0.1 cannot be reached (ConnectionError); run `doit doctor` again later"
)
RIGHTS = "the rights to read and write Contents and Pull requests"


@pytest.fixture
def bench(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with one workstream, on a machine that has git and a shell, a bwrap that works, and no key."""
    for name in {"GITHUB_ACTIONS", *SECRETS, *(name for tool in shipped().values() for name in tool.env)}:
        monkeypatch.delenv(name, raising=False)
    (world.home / "bin").mkdir()
    for name in ("git", "sh"):
        (world.home / "bin" / name).symlink_to(shutil.which(name) or "")
    world.env["PATH"] = str(world.home / "bin")
    program(world, "bwrap", "exit 0")
    world.env["SPLINTER_SANDBOX"] = "auto"
    world.workstream("tidy", steps=[{"id": "go", "run": "true"}])
    world.commit()
    return world


@pytest.fixture
def github() -> Iterator[Scripted]:
    with scripted(lambda asked: Answer(200, repository(asked), {"X-OAuth-Scopes": "repo, workflow"})) as server:
        yield server


def repository(asked: Asked, *, may_push: bool = True) -> dict[str, Any]:
    permissions = {"admin": False, "push": may_push, "pull": True}
    return {"full_name": asked.path.removeprefix("/repos/"), "permissions": permissions}


def program(world: World, name: str, script: str) -> Path:
    file = world.home / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def stamps(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in sorted(root.rglob("*"))}


def doctor(world: World, *arguments: str) -> Done:
    """A call that changed no byte of the project, left nothing in the state folder, and said no secret."""
    before = stamps(world.root)
    done = world.doit("doctor", *arguments)
    assert stamps(world.root) == before
    assert not Path(os.environ["XDG_STATE_HOME"]).is_dir()
    assert [secret for secret in HIDDEN if secret in done.out + done.err] == []
    return done


def lines(world: World, *arguments: str) -> list[str]:
    done = doctor(world, *arguments)
    assert done.err == ""
    assert done.status == int(any(line.startswith("problem ") for line in done.out.splitlines()))
    return done.out.splitlines()


def publishes(world: World, server: Scripted, token: str = TOKEN) -> None:
    world.env |= {"GITHUB_TOKEN": token, "GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": "octo/project"}
    world.env["GITHUB_SERVER_URL"] = "https://github.com"
    world.git("remote", "add", "origin", "https://github.com/octo/project.git")
    world.git("update-ref", "refs/remotes/origin/main", "HEAD")


def test_a_healthy_repository_has_notes_and_no_problem(bench: World) -> None:
    version = bench.git("--version").removeprefix("git version ")
    key = next(line for line in lines(bench) if line.startswith("ok       worktrees")).rpartition("/")[2]
    first, *others = lines(bench)
    assert first.startswith("ok       splinter ")
    assert others == [
        f"ok       git {version}",
        f"ok       root {bench.root}",
        "ok       commits are by Test User <test@example.org>",
        f"note     remote: there is none; bases are local branches, and {FILES}",
        "ok       base main",
        f"ok       worktrees go to {os.environ['XDG_STATE_HOME']}/splinter/{key}",
        "ok       disk worktrees 0 bytes, logs and reports 0 bytes, 0 kept results; `doit gc` frees what is past the limits",
        "ok       workstreams 1 can be run",
        "ok       sandbox by bubblewrap works here",
        f"note     GITHUB_TOKEN: not set, so {FILES}; a token with {RIGHTS} opens them",
        "note     email: neither SMTP_HOST nor SENDGRID_API_KEY is set, so mails become files in .splinter/outbox/",
        "note     slack: SLACK_WEBHOOK_URL is not set, so `slack` sends nothing",
        "note     apprise: APPRISE_URLS is not set, so `apprise` sends nothing",
        "note     healthcheck: HEALTHCHECK_URL is not set, so `healthcheck` sends nothing",
        "ok       report holds diffs, logs and words (report.include)",
        "no problem",
    ]
    assert doctor(bench).status == 0


# --- tools and what they are given ---


def test_a_tool_that_a_workstream_uses_and_that_is_not_there_is_a_problem(bench: World) -> None:
    for id in ("a", "b", "c", "d"):
        bench.workstream(id, tool="codex", steps=[{"id": "write", "prompt": "Write."}])
    bench.write("splinter.toml", '[tools.own]\ncommand = "my-own"\n')
    bench.workstream("e", steps=[{"id": "go", "tool": "own"}])
    found = lines(bench)
    assert (
        "problem  tool codex: not on PATH; install it (npm install -g @openai/codex), or let its `command` say where"
        " it is; used by a, b, c and 1 more" in found
    )
    assert (
        "problem  tool own: my-own is not on PATH; install it, or let its `command` say where it is; used by e" in found
    )
    assert found[-1] == "2 problems"


def test_versions_of_tools_in_use_are_reported_and_a_secret_in_them_is_not(bench: World) -> None:
    program(bench, "codex", "echo codex 0.46.0; echo > seen")
    program(bench, "claude", 'echo "key $DOCS_TOKEN $ANTHROPIC_API_KEY"')
    program(bench, "gemini", "echo broken >&2; exit 3")
    for name in ("codex", "claude-code", "gemini"):
        bench.workstream(f"by-{name}", tool=name, steps=[{"id": "write", "prompt": "Write."}])
    bench.env["ANTHROPIC_API_KEY"] = SECRETS["DOCS_TOKEN"]
    found = lines(bench)
    assert "ok       tool codex 0.46.0" in found
    assert "ok       tool claude-code key ***" in found
    assert "note     tool gemini: it is there, and `gemini --version` prints no version" in found
    assert found[-1] == "no problem"


def test_agents_that_nobody_uses_are_noted_where_they_are_and_not_called(bench: World) -> None:
    calls = bench.home / "called"
    program(bench, "aider", f"touch {calls}")
    assert [line for line in lines(bench) if " tool " in line] == [
        "note     tool aider: aider is on PATH, and no workstream uses it"
    ]
    assert not calls.exists()


def test_a_name_in_env_that_is_not_set_is_a_problem(bench: World) -> None:
    bench.workstream("docs", env=["DOCS_TOKEN", "DOCS_URL"], steps=[{"id": "go", "run": "true"}])
    bench.env |= {"DOCS_TOKEN": SECRETS["DOCS_TOKEN"], "DOCS_URL": " "}
    assert [line for line in lines(bench) if " env " in line] == [
        "ok       env DOCS_TOKEN is set",
        'problem  env DOCS_URL: not set, and docs would pass it on; set it, or take it out of "env"',
    ]


def test_names_of_a_profile_are_reported_where_one_is_set(bench: World) -> None:
    program(bench, "codex", "echo 1.0")
    bench.workstream("docs", tool="codex", steps=[{"id": "write", "prompt": "Write."}])
    assert [line for line in lines(bench) if " env " in line] == []
    bench.env["OPENAI_API_KEY"] = SECRETS["OPENAI_API_KEY"]
    told = next(line for line in lines(bench) if " env " in line)
    assert told.startswith("ok       env of tool codex has OPENAI_API_KEY; not set: CODEX_API_KEY, CODEX_HOME, ")


# --- GitHub ---


def test_what_the_token_may_do_is_reported_in_one_request(bench: World, github: Scripted) -> None:
    publishes(bench, github)
    found = lines(bench)
    assert [line for line in found if "GITHUB" in line or "github" in line or "scopes" in line] == [
        "ok       remote origin, https://github.com/octo/project.git",
        "ok       GITHUB_TOKEN is set, a classic personal access token (ghp_)",
        "ok       github octo/project is reached with the token",
        "ok       scopes repo, workflow",
    ]
    assert "ok       base main of origin" in found
    unseen = "whether one can be opened, labelled and commented on is seen only by `doit pr --test`"
    assert f"note     pull requests: {unseen}" in found
    assert [(one.method, one.path) for one in github.asked] == [("GET", "/repos/octo/project")]


def test_the_emulated_github_is_understood(bench: World) -> None:
    with emulated("github", GITHUB, bench.home) as url:
        publishes(bench, Scripted(url, lambda _: Answer()))
        told = "GitHub knows no octo/project, or hides it from this token (404 Not Found); check GITHUB_REPOSITORY"
        assert f"problem  github octo/project: {told}" in lines(bench)


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        (None, f"note     scopes: GitHub names none for this token; it needs {RIGHTS}"),
        ("", "problem  scopes: none; give the token repo, or public_repo where the repository is public"),
        ("gist, read:org", "problem  scopes: gist, read:org; give the token repo, or public_repo where the repository"
         " is public"),
        ("public_repo", "ok       scopes public_repo"),
    ],
)  # fmt: skip
def test_scopes_are_reported_as_github_names_them(
    bench: World, github: Scripted, scopes: str | None, told: str
) -> None:
    headers = {} if scopes is None else {"X-OAuth-Scopes": scopes}
    github.answer = lambda asked: Answer(200, repository(asked), headers)
    publishes(bench, github)
    assert told in lines(bench)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (FINE_GRAINED, "a fine-grained personal access token (github_pat_)"),
        (OF_ACTIONS, "a token of GitHub Actions or of a GitHub App (ghs_)"),
        ("gho_0123456789abcdefghij", "a token of an OAuth app, such as gh's (gho_)"),
        ("0123456789abcdef0123456789abcdef01234567", "of a kind that its prefix does not show"),
    ],
)
def test_the_kind_of_a_token_is_reported_by_its_beginning(bench: World, token: str, kind: str) -> None:
    bench.env["GITHUB_TOKEN"] = token
    found = lines(bench)
    assert f"ok       GITHUB_TOKEN is set, {kind}" in found
    assert not any(token in line for line in found)
    assert (
        "note     pull requests: no remote leads to GitHub, so they become files in .splinter/pull-requests/; add one,"
        " or set GITHUB_REPOSITORY where the remote's address does not name the repository" in found
    )


def test_a_token_whose_user_may_not_write_is_a_problem(bench: World, github: Scripted) -> None:
    github.answer = lambda asked: Answer(200, repository(asked, may_push=False), {"X-OAuth-Scopes": "repo"})
    publishes(bench, github)
    assert (
        "problem  github octo/project: the token can read it and not write to it; give its user write access, or"
        " use another token" in lines(bench)
    )
    bench.env["GITHUB_TOKEN"] = OF_ACTIONS
    assert "ok       github octo/project is reached with the token" in lines(bench)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(401, {"message": "Bad credentials"}),
         "GitHub refused the token (401 Bad credentials); put a valid one into GITHUB_TOKEN"),
        (Answer(404, {"message": "Not Found"}),
         "GitHub knows no octo/project, or hides it from this token (404 Not Found); check GITHUB_REPOSITORY"),
        (Answer(403, {"message": f"No, {TOKEN}\x1b[31m\nproblem  no"}),
         "GitHub forbids it (403 No, *** problem no); the token needs write access to pull requests and contents"),
        (Answer(503, {"message": "Unicorn!"}),
         "GitHub is out of order (503 Unicorn!); run `doit doctor` again later"),
        (Answer(200, "<html>a proxy</html>"),
         "127.0.0.1 does not answer as GitHub does; check GITHUB_API_URL"),
        (Answer(301, b"", {"Location": "https://elsewhere.example/"}),
         "127.0.0.1 does not answer as GitHub does; check GITHUB_API_URL"),
    ],
    ids=["401", "404", "403", "503", "html", "redirect"],
)  # fmt: skip
def test_what_github_refuses_is_a_problem_in_words(bench: World, github: Scripted, answer: Answer, told: str) -> None:
    github.answer = lambda asked: answer
    publishes(bench, github)
    assert f"problem  github octo/project: {told}" in lines(bench)
    assert len(github.asked) == 1


@pytest.mark.lane("publish")
def test_a_github_that_does_not_answer_is_given_up_soon(bench: World, github: Scripted) -> None:
    given_up = threading.Event()

    def stalls(asked: Asked) -> Answer:
        given_up.wait(60)
        return Answer()

    github.answer = stalls
    publishes(bench, github)
    found = lines(bench)
    given_up.set()
    assert UNREACHABLE.replace("ConnectionError", "ReadTimeout") in found
    assert len(github.asked) == 1


def test_a_github_that_is_not_there_is_reported(bench: World, github: Scripted) -> None:
    github.url = "http://127.0.0.1:1"
    publishes(bench, github)
    assert UNREACHABLE in lines(bench)


def test_offline_asks_nobody(bench: World, github: Scripted) -> None:
    publishes(bench, github)
    assert "note     github octo/project: it was not asked, as --offline says" in lines(bench, "--offline")
    assert github.asked == []


def test_in_github_actions_it_says_that_no_ci_starts_and_the_ways_out(bench: World) -> None:
    told = (
        "note     GITHUB_TOKEN: pull requests opened with the GITHUB_TOKEN of GitHub Actions start no CI; let"
        " GITHUB_TOKEN be that of a GitHub App (it begins with ghs_ too, and starts CI) or a fine-grained token, or"
        " close and reopen them"
    )
    bench.env |= {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": OF_ACTIONS}
    assert told in lines(bench)
    bench.env["GITHUB_TOKEN"] = FINE_GRAINED
    assert told not in lines(bench)
    bench.env |= {"GITHUB_ACTIONS": "", "GITHUB_TOKEN": OF_ACTIONS}
    assert told not in lines(bench)


# --- git ---


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a-secret-token@example.org/x.git", "https://***@example.org/x.git"),
        ("https://me:p@ss@example.org/x.git?private_token=hidden-too", "https://***@example.org/x.git?***"),
        ("ssh://git@example.org/x.git", "ssh://git@example.org/x.git"),
        ("git@example.org:x.git", "git@example.org:x.git"),
    ],
)
def test_the_remotes_address_is_reported_without_credentials(bench: World, url: str, told: str) -> None:
    bench.git("remote", "add", "origin", url)
    assert f"ok       remote origin, {told}" in lines(bench)


def test_remotes_and_bases_that_do_not_exist_are_problems_and_end_nothing(bench: World) -> None:
    bench.write("splinter.toml", 'remote = "upstream"\n')
    found = lines(bench)
    assert 'problem  remote: remote "upstream" of the settings does not exist; "git remote" lists them' in found
    assert found[-1] == "1 problem"
    bench.write("splinter.toml", "")
    bench.workstream("docs", base="gone", steps=[{"id": "go", "run": "true"}])
    found = lines(bench)
    assert "ok       base main" in found
    assert (
        'problem  base: workstreams/docs.yaml: base "gone" does not exist here; "git branch gone" makes it, or name'
        ' another with "base:"' in found
    )


def test_several_remotes_without_a_choice_are_noted(bench: World) -> None:
    bench.git("remote", "add", "theirs", "https://example.org/a.git")
    bench.git("remote", "add", "mine", "https://example.org/b.git")
    assert "note     remote: none of mine, theirs is chosen; name one as `remote` in the settings" in lines(bench)


def test_a_base_that_was_never_fetched_is_noted(bench: World) -> None:
    bench.git("remote", "add", "origin", "https://example.org/a.git")
    assert "note     base: the default branch of origin was never seen here; a run asks for it there" in lines(bench)


def test_a_repository_without_a_commit_is_reported(world: World) -> None:
    found = lines(world)
    assert 'problem  base: this repository has no commit yet; "git commit" makes the first' in found
    assert "note     workstreams: there are none yet; write one to workstreams/" in found


def test_commits_by_nobody_are_noted(bench: World) -> None:
    (bench.home / ".gitconfig").unlink()
    assert (
        "note     commits: by splinter <splinter@localhost>, as git has no user.name and user.email; set them, or"
        " [identity] in the settings" in lines(bench)
    )


def test_worktrees_that_cannot_be_made_are_a_problem(bench: World) -> None:
    place = bench.home / "file"
    place.touch()
    bench.env["XDG_STATE_HOME"] = f"{place}/state"
    told = next(line for line in lines(bench) if " worktrees: " in line)
    assert told.startswith(f"problem  worktrees: cannot be made in {place}/state/splinter/project-")
    assert told.endswith(f": {place} is not a folder; fix that, or set XDG_STATE_HOME to another place")


# --- mail, messengers, sandbox ---


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SMTP_HOST": "mail.example.org"},
         "problem  email: REPORT_RECIPIENTS is not set, so the mail has nobody to go to; set it, with commas between addresses"),
        ({"SMTP_HOST": "mail.example.org", "REPORT_RECIPIENTS": "a@example.org, b@example.org"},
         "ok       email goes to 2 recipients through mail.example.org:587 (starttls, without a login), from"
         " test@example.org; `doit email --test` proves it"),
        ({"SMTP_HOST": "mail.example.org", "REPORT_RECIPIENTS": "a@example.org", "SMTP_USER": "me"},
         "problem  email: SMTP_USER is set and SMTP_PASSWORD is not; set it, or let the mail server ask for no login"),
        ({"SMTP_HOST": "mail.example.org", "REPORT_RECIPIENTS": "a@example.org", "SMTP_USER": "me",
          "SMTP_SECURITY": "ssl", "SMTP_PORT": "465", "SMTP_PASSWORD": SECRETS["SMTP_PASSWORD"]},
         "ok       email goes to 1 recipient through mail.example.org:465 (ssl, with a login), from test@example.org;"
         " `doit email --test` proves it"),
        ({"SENDGRID_API_KEY": SECRETS["SENDGRID_API_KEY"], "REPORT_RECIPIENTS": "a@example.org"},
         "ok       email goes to 1 recipient through smtp.sendgrid.net:587 (starttls, with a login), from"
         " test@example.org; `doit email --test` proves it"),
        ({"SMTP_HOST": "mail.example.org", "REPORT_RECIPIENTS": "a@example.org",
          "SMTP_FROM": "Splinter Bot <bot@example.org>"},
         "ok       email goes to 1 recipient through mail.example.org:587 (starttls, without a login), from"
         " Splinter Bot <bot@example.org>; `doit email --test` proves it"),
        ({"SMTP_HOST": "mail.example.org", "REPORT_RECIPIENTS": "a@example.org", "SMTP_FROM": "splinter@localhost"},
         "note     email: it goes to 1 recipient through mail.example.org:587 (starttls, without a login), from"
         " splinter@localhost, which is nobody's address to other servers: many refuse it; set SMTP_FROM"),
        ({"SMTP_HOST": "mail.example.org", "REPORT_RECIPIENTS": "a@example.org", "SMTP_SECURITY": "none"},
         "problem  email: SMTP_SECURITY is none, which would send mail and password in the clear to mail.example.org;"
         " leave it out, or set it to none-anywhere on a network that you trust"),
    ],
    ids=["nobody", "open", "no password", "login", "sendgrid", "sender", "odd sender", "in the clear"],
)  # fmt: skip
def test_where_mail_goes_is_reported(bench: World, variables: dict[str, str], told: str) -> None:
    bench.env |= variables
    assert told in lines(bench)


def test_slack_and_healthcheck_are_reported_without_their_addresses(bench: World) -> None:
    bench.env |= {name: SECRETS[name] for name in ("SLACK_WEBHOOK_URL", "HEALTHCHECK_URL")}
    found = lines(bench)
    assert "ok       slack is configured: SLACK_WEBHOOK_URL is set; `doit slack --test` proves it" in found
    assert "ok       healthcheck is configured: HEALTHCHECK_URL is set; `doit healthcheck --test` proves it" in found


def test_a_sandbox_that_does_not_work_is_a_problem_where_it_is_asked_for(bench: World) -> None:
    program(bench, "bwrap", "echo 'bwrap: No permissions' >&2; exit 1")
    why = "bwrap does not work here: bwrap: No permissions"
    note = f"note     sandbox: {why}; until then commands can read and write what you can"
    problem = f'problem  sandbox: {why}; fix that, or set sandbox = "off"'
    assert note in lines(bench)
    bench.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    assert problem in lines(bench)
    bench.write("splinter.toml", '[tools.own]\ncommand = "git"\nsandbox = "bubblewrap"\n')
    assert note in lines(bench)
    bench.workstream("docs", steps=[{"id": "go", "tool": "own"}])
    assert problem in lines(bench)
    program(bench, "bwrap", "exit 0")
    assert "ok       sandbox by bubblewrap works here" in lines(bench)


# --- files with mistakes, and the command itself ---


def test_invalid_workstreams_are_counted_and_the_rest_is_looked_at(bench: World) -> None:
    bench.write("workstreams/bad.yaml", "id: bad\ntitle: Bad\nsteps: []\nwhen: [\n")
    bench.write("workstreams/worse.yaml", "id: worse\n")
    found = lines(bench)
    assert (
        "problem  workstreams: 3 errors in 2 files; `doit check` shows them, and what those files need is not looked"
        " at here" in found
    )
    assert "ok       workstreams 1 can be run" in found
    assert found[-1] == "1 problem"


def test_warnings_of_workstreams_are_a_note(bench: World) -> None:
    for id in ("a", "b"):
        bench.workstream(id, scope={"modify": ["docs/**"]}, steps=[{"id": "go", "run": "true"}])
    assert "note     workstreams: 1 warning in 1 file; `doit check` shows them" in lines(bench)


def test_invalid_settings_and_no_repository_are_input_errors(bench: World, tmp_path: Path) -> None:
    bench.write("splinter.toml", "jobs = 0\n")
    done = doctor(bench)
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("splinter.toml:1:8: ")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "doit.cfg").write_text(CFG)
    done = bench.doit("doctor", cwd=elsewhere)
    assert (done.status, done.out) == (3, "")
    assert done.err == f'{elsewhere}: no git repository here; "git init" makes one\n'


def test_json_holds_what_the_lines_say(bench: World, github: Scripted) -> None:
    publishes(bench, github)
    bench.workstream("docs", env=["DOCS_URL"], steps=[{"id": "go", "run": "true"}])
    done = doctor(bench, "--json")
    assert (done.status, done.err) == (1, "")
    found = json.loads(done.out)
    assert {one["area"] for one in found} == {
        "git", "workstreams", "environment", "sandbox", "github", "email", "slack", "apprise", "healthcheck", "report",
    }  # fmt: skip
    assert {"area": "github", "name": "scopes", "state": "ok", "message": "repo, workflow"} in found
    shown = [f"{one['state']:<9}{one['name']}{' ' if one['state'] == 'ok' else ': '}{one['message']}" for one in found]
    assert [*shown, "1 problem"] == lines(bench)


@pytest.mark.lane("stories")
def test_states_are_coloured_on_a_terminal_and_nowhere_else(bench: World) -> None:
    bench.write("splinter.toml", 'remote = "upstream"\n')
    assert "\x1b" not in doctor(bench).out
    coloured = on_a_terminal(bench, NO_COLOR="")
    assert "\x1b[1;31mproblem\x1b[0m  remote: " in coloured
    assert "\x1b[1;33mnote\x1b[0m     email: " in coloured
    assert "\nok       root " in coloured
    assert on_a_terminal(bench, NO_COLOR="1") == doctor(bench).out


def on_a_terminal(world: World, **variables: str) -> str:
    outer, inner = pty.openpty()
    environment = {**world.environ(), "TERM": "xterm", **variables}
    command = [sys.executable, "-m", "doit", "doctor"]
    with subprocess.Popen(command, cwd=world.root, env=environment, stdin=inner, stdout=inner, stderr=inner):
        os.close(inner)
        read = b""
        try:
            while part := os.read(outer, 4096):
                read += part
        except OSError:  # what Linux gives for the end of a terminal
            pass
    os.close(outer)
    return read.decode().replace("\r\n", "\n")


def checks(world: World) -> list[str]:
    return [line for line in lines(world) if line.split()[1].rstrip(":") == "checks"]


@pytest.fixture
def shapes(bench: World, tmp_path: Path) -> Venv:
    """A package in src/ that the user's environment, which is active, holds an editable install of."""
    bench.write("pyproject.toml", '[project]\nname = "shapes"\n')
    bench.write("src/shapes/__init__.py", "")
    bench.commit()
    made = Venv.make(tmp_path / "env")
    made.distribution("shapes", {"shapes.pth": f"{bench.root}/src"}, url=bench.root)
    bench.env["PATH"] = os.pathsep.join([str(made.folder / "bin"), str(Path(sys.executable).parent), bench.env["PATH"]])
    return made


def test_a_repository_without_python_has_no_finding_on_it(bench: World) -> None:
    assert checks(bench) == []


def test_a_package_that_nobody_installed_is_well(bench: World) -> None:
    bench.write("src/shapes/__init__.py", "")
    bench.commit()
    assert checks(bench) == [
        "ok       checks look at the branch: no Python here has this repository's packages from elsewhere"
    ]


@pytest.mark.usefixtures("shapes")
def test_an_editable_install_is_led_to_work_trees(bench: World) -> None:
    bench.write("src/shapes/_version.py", "")
    assert checks(bench) == [
        "ok       checks look at the branch: shapes is installed from elsewhere, and work trees have src first on PYTHONPATH",
        "note     checks: src/shapes/_version.py is in your checkout only: commit it, or bring what git ignores by "
        ".worktreeinclude",
    ]


def test_what_cannot_be_led_to_work_trees_is_a_problem_with_a_way_out(bench: World, shapes: Venv) -> None:
    bench.write(".gitignore", "*.so\n")
    bench.write("src/shapes/_fast.so", "")
    bench.commit()
    assert checks(bench) == [
        f"problem  checks: {shapes.folder}/bin/python3 imports shapes from {bench.root}/src/shapes, not from the work "
        "tree: _fast.so is compiled there and not in the work tree; let `setup:` make an environment in the work tree, "
        "such as `python -m venv .venv && .venv/bin/pip install -e .`"
    ]


def test_what_else_leads_work_trees_to_the_checkout_is_a_note(bench: World) -> None:
    bench.write("go.work", f"use {bench.root}\n")
    assert checks(bench) == [f"note     checks: go.work names {bench.root}, not the work tree"]
