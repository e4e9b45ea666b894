"""The commands that look, and the tasks that tell people; each as a user calls it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts import TOKEN
from tests.counterparts.scripted import Answer, Scripted, scripted
from tests.world import TUESDAY, World


@pytest.fixture
def one(world: World) -> World:
    world.workstream(
        "tidy", steps=[world.step("write", "echo tidy > tidy.txt"), world.step("more", "echo more > more.txt")]
    )
    world.commit()
    return world


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted(lambda asked: Answer(200, "ok")) as running:
        yield running


def test_list_shows_ids_with_titles_and_all_of_it_the_steps(one: World) -> None:
    out = one.doit("list").out
    assert "  tidy  due  Title of tidy\n" in out
    assert "tidy:write" not in out
    assert "tidy:write" in one.doit("list", "--all").out
    assert one.git("status", "--porcelain") == ""
    assert not (one.root / ".splinter").exists()


def test_plan_says_what_is_due_and_why(one: World) -> None:
    assert one.doit("plan").out == "tidy  due  it never ran\n"
    assert not (one.root / ".doit.db").exists()
    one.doit()
    assert one.doit("plan").out == "tidy  up to date; next: 2026-11-24 00:00 UTC\n"
    one.now = TUESDAY
    assert one.doit("plan").out == "tidy  due  occurrence was 2026-11-23, is 2026-11-24\n"
    told = json.loads(one.doit("plan", "tidy", "--json").out)
    assert [(one["workstream"], one["due"], one["why"], one["next"]) for one in told] == [
        ("tidy", True, ["occurrence was 2026-11-23, is 2026-11-24"], "2026-11-25T00:00+00:00")
    ]
    done = one.doit("plan", "nothing")
    assert (done.status, done.err) == (3, '"nothing" is not a workstream; "doit list" names them\n')


@pytest.mark.lane("stories")
def test_plan_follows_dependencies(one: World) -> None:
    one.workstream("docs", when="once", depends_on=["tidy"], steps=[one.step("count", "ls > list.txt")])
    one.commit()
    one.doit()
    one.now = TUESDAY
    assert one.doit("plan").out.splitlines()[1] == "docs  due  tidy is due, and its result may change"


@pytest.mark.lane("stories")
def test_history_lists_runs_newest_first(one: World) -> None:
    assert one.doit("history").out == "No run is recorded yet.\n"
    one.doit()
    one.workstream("bad", steps=[one.step("fail", "exit 3")])
    one.now = TUESDAY
    one.doit()
    lines = one.doit("history").out.split("\n\n")[0].splitlines()
    assert [line.split("  ")[1:] for line in lines] == [  # a clock that stands still
        ["2026-11-24 02:00:00", "0 s", "1 changed, 1 failed"],
        ["2026-11-23 02:00:00", "0 s", "1 changed"],
    ]
    assert (
        "1 pull request open, as far as is recorded here\n  tidy  .splinter/pull-requests/tidy.md\n"
        in one.doit("history").out
    )
    runs = json.loads(one.doit("history", "--json").out)
    assert [run["started"] for run in runs] == ["2026-11-24T02:00:00+00:00", "2026-11-23T02:00:00+00:00"]


def test_check_prints_json_for_machines(one: World) -> None:
    one.write("workstreams/bad.yaml", "id: bad\n")
    done = one.doit("check", "--format", "json")
    assert done.status == 3
    first = json.loads(done.out)[0]
    assert (first["path"], first["line"], first["column"]) == ("workstreams/bad.yaml", 1, 1)


def test_clean_removes_work_tree_and_logs_and_no_ref(one: World) -> None:
    one.doit()
    refs, tree = one.git("for-each-ref"), one.worktree("tidy")
    assert tree.is_dir()
    assert list((one.root / ".splinter/runs").glob("*/tidy"))
    assert one.doit("clean", "tidy").status == 0
    assert not tree.exists()
    assert not list((one.root / ".splinter/runs").glob("*/tidy"))
    assert one.git("for-each-ref") == refs
    one.now = TUESDAY
    assert one.doit().status == 0


@pytest.mark.lane("stories")
def test_a_work_tree_that_is_gone_is_made_again_in_the_middle(one: World) -> None:
    one.workstream("tidy", steps=[one.step("write", "echo tidy > tidy.txt"), one.step("more", "exit 3")])
    one.doit()
    one.doit("clean", "tidy")
    one.workstream(
        "tidy", steps=[one.step("write", "echo tidy > tidy.txt"), one.step("more", "cat tidy.txt > more.txt")]
    )
    one.new_calls()
    assert one.doit().status == 0
    assert one.new_calls() == ["more"]
    assert one.git("show", "splinter/tidy:more.txt") == "tidy"


def test_forget_makes_a_workstream_due_again(one: World) -> None:
    one.doit()
    one.new_calls()
    assert one.doit("forget", "tidy").status == 0
    assert one.doit().status == 0
    assert one.new_calls() == ["write", "more"]


@pytest.mark.lane("stories")
def test_always_calls_the_agent_again(one: World) -> None:
    one.doit()
    one.new_calls()
    assert one.doit("-a", "tidy").status == 0
    assert one.new_calls() == ["write", "more"]


def test_options_may_stand_anywhere(one: World) -> None:
    for call in (("--dry-run", "tidy"), ("tidy", "--dry-run"), ("run", "tidy", "--dry-run", "-n", "2")):
        done = one.doit(*call)
        assert done.status == 0, done.err
        assert ".. tidy:write  would run" in done.out
    assert one.calls() == []


def test_a_dry_run_shows_the_pull_request_and_reaches_nobody(one: World, server: Scripted) -> None:
    one.env |= {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "octo/project", "GITHUB_API_URL": server.url}
    one.env |= {"SLACK_WEBHOOK_URL": f"{server.url}/slack", "HEALTHCHECK_URL": f"{server.url}/ping"}
    one.git("remote", "add", "origin", f"{server.url}/project.git")
    one.git("update-ref", "refs/remotes/origin/main", "HEAD")
    done = one.doit("--dry-run")
    assert done.status == 0, done.err
    assert server.asked == []
    assert ".. tidy:prepare  would start from origin/main" in done.out
    assert (
        ".. pr:tidy  has no result yet; with one it would open a draft pull request, as far as is known without asking"
        " github\n"
        "     tidy:accept is due before it, and may change what follows\n"
        "     | to: github:octo/project\n     | title: Title of tidy\n     | head: splinter/tidy\n     | base: main\n"
        "     | draft: yes\n     | labels: none\n     | reviewers: none\n     | assignees: none\n     | milestone: none\n"
    ) in done.out
    assert not (one.root / ".splinter").exists()


@pytest.mark.lane("stories")
def test_slack_and_healthcheck_are_reported(one: World, server: Scripted) -> None:
    one.env |= {"SLACK_WEBHOOK_URL": f"{server.url}/slack", "HEALTHCHECK_URL": f"{server.url}/ping"}
    assert one.doit().status == 0
    assert [asked.partition("?rid=")[0] for asked in asked_of(server)] == ["/ping/start", "/slack", "/ping"]
    assert "Title of tidy" in server.asked[1].body.decode()
    server.asked.clear()
    assert one.doit().status == 0
    pings = [asked.partition("?rid=")[0] for asked in asked_of(server)]
    assert pings == ["/ping/start", "/ping"], "a night with nothing due pings, and tells nobody"
    server.asked.clear()
    one.workstream("bad", steps=[one.step("fail", "exit 3")])
    assert one.doit().status == 1
    assert [asked.partition("?rid=")[0] for asked in asked_of(server)] == ["/ping/start", "/slack", "/ping/fail"]


def asked_of(server: Scripted) -> list[str]:
    return [asked.path for asked in server.asked]


def test_a_messenger_that_fails_is_an_error_of_publishing_and_hides_its_address(one: World) -> None:
    with scripted(lambda asked: Answer(500, "no")) as broken:
        one.env |= {"SLACK_WEBHOOK_URL": f"{broken.url}/services/T000/B000/made-up-secret"}
        done = one.doit()
    assert done.status == 2
    assert one.outcomes() == {"tidy": "changed"}
    assert "made-up-secret" not in done.out + done.err
    assert "slack  error" in done.out


@pytest.mark.lane("stories")
def test_a_test_message_neither_waits_nor_counts(one: World) -> None:
    done = one.doit("email", "--test")
    assert done.status == 0, done.err
    assert one.calls() == []
    assert [mail.name for mail in one.mails()] == ["test.eml"]
    one.doit()
    assert len(one.mails()) == 2
    done = one.doit("slack", "--test")
    assert done.status == 2
    assert "SLACK_WEBHOOK_URL is not set, so `slack` sends nothing" in done.out


@pytest.mark.lane("stories")
def test_ignoring_a_workstream_does_not_silence_the_report(one: World) -> None:
    one.workstream("other", steps=[one.step("o", "echo o > o.txt")])
    one.commit()
    assert one.doit("ignore", "tidy:prepare").status == 0
    assert one.doit().status == 0
    assert one.outcomes() == {"other": "changed"}
    assert len(one.mails()) == 1


@pytest.mark.lane("stories")
def test_a_run_from_a_linked_worktree_keeps_its_state_in_the_main_one(one: World, tmp_path: Path) -> None:
    one.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    assert one.doit("workstreams", cwd=tmp_path / "linked").status == 0
    assert (one.root / ".splinter/history.db").exists()
    assert (one.root / ".doit.db").exists()
    assert not (tmp_path / "linked/.splinter").exists()
    assert not (tmp_path / "linked/.doit.db").exists()
    assert one.doit("workstreams").out.startswith("nothing due")


def test_a_workstream_without_pull_request_gets_no_pull_request(world: World) -> None:
    world.workstream("quiet", pull_request=False, steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    done = world.doit()
    assert done.status == 0
    assert world.branches() == ["splinter/quiet"]
    assert "pr:quiet" not in done.out
    assert list((world.root / ".splinter").glob("pull-requests/*")) == []


def test_a_users_task_that_waits_for_a_failed_workstream_is_reported_as_blocked(world: World) -> None:
    with (world.root / "dodo.py").open("a") as dodo:
        dodo.write("\ndef task_own():\n    return {'actions': ['echo own'], 'task_dep': ['bad']}\n")
    world.workstream("bad", steps=[world.step("s", "exit 3")])
    world.commit()
    done = world.doit()
    assert done.status == 1
    assert "   own  blocked  by a task that failed\n" in done.out


@pytest.mark.lane("stories")
def test_two_days_of_one_dependency_chain_keep_ids_where_trees_are_the_same(one: World) -> None:
    one.workstream("docs", depends_on=["tidy"], steps=[one.step("count", "wc -l tidy.txt > count.txt")])
    one.commit()
    one.doit()
    before = one.git("rev-parse", "splinter/tidy", "splinter/docs")
    one.now = TUESDAY
    one.new_calls()
    assert one.doit().status == 0
    assert sorted(one.new_calls()) == ["count", "more", "write"]
    assert one.git("rev-parse", "splinter/tidy", "splinter/docs") == before


@pytest.mark.lane("stories")
def test_a_lost_database_runs_nothing_again_and_moves_nothing(one: World) -> None:
    one.doit()
    before = one.git("rev-parse", "splinter/tidy")
    (one.root / ".doit.db").unlink()
    one.new_calls()
    done = one.doit()
    assert done.status == 0
    assert one.new_calls() == []
    assert one.git("rev-parse", "splinter/tidy") == before
    assert "pr:tidy  unchanged" in done.out
    assert one.doit().out.startswith("nothing ")


@pytest.mark.lane("stories")
def test_a_run_that_only_published_says_so(one: World) -> None:
    one.doit()
    one.new_calls()
    one.workstream(
        "tidy",
        title="Another title",
        steps=[one.step("write", "echo tidy > tidy.txt"), one.step("more", "echo more > more.txt")],
    )
    one.now = TUESDAY.replace("24T02", "23T03")
    done = one.doit()
    assert one.new_calls() == []
    assert "pr:tidy  written" in done.out
    assert done.out.splitlines()[-1].endswith(": 1 pull request published")
    assert one.doit("history").out.splitlines()[0].endswith("1 pull request published")


@pytest.mark.lane("stories")
def test_a_workstream_that_was_not_in_the_run_changes_no_report(one: World) -> None:
    one.workstream("other", when="once", steps=[one.step("o", "echo o > o.txt")])
    one.commit()
    one.doit()
    one.now = TUESDAY
    one.doit()
    mails = one.mails()
    (one.root / "workstreams/other.yaml").unlink()
    assert one.doit().out.startswith("nothing ")
    assert one.mails() == mails


@pytest.mark.lane("stories")
def test_a_dry_run_without_history_makes_none(one: World) -> None:
    one.doit("workstreams")
    (one.root / ".splinter").rename(one.home / "moved")
    done = one.doit("pr", "--dry-run")
    assert done.status == 0, done.err
    assert ".. pr:tidy  would write .splinter/pull-requests/tidy.md\n     | to: local\n" in done.out
    assert not (one.root / ".splinter").exists()


@pytest.mark.lane("stories")
def test_show_prints_one_run_and_the_latest_where_none_is_named(world: World) -> None:
    assert world.doit("show").out == "No run is recorded yet.\n"
    world.workstream("words", steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    world.doit()
    world.now = TUESDAY
    world.doit()
    latest, first = (line.split()[0] for line in world.doit("history").out.splitlines()[:2])
    assert world.doit("show").out.startswith(f"1 workstream: 1 changed\n\nRun         {latest}\n")
    assert f"Run         {first}\n" in world.doit("show", first).out
    assert json.loads(world.doit("show", "--json").out)["run"] == latest
    assert world.doit("show", f"{first}/words").out.startswith(f"words: Title of words, in run {first}\n")
    assert json.loads(world.doit("show", f"{first}/words", "--json").out)["workstream"] == "words"
    assert [line.split()[:2] for line in world.doit("show", "words").out.splitlines()[:2]] == [
        [latest, "changed"], [first, "changed"]
    ]  # fmt: skip
    assert [one["run"] for one in json.loads(world.doit("show", "words", "--json").out)] == [latest, first]
    done = world.doit("show", "wrods")
    assert (done.status, done.err) == (2, 'no run or workstream "wrods" is recorded; did you mean "words"?\n')
    done = world.doit("show", f"{first}/x")
    assert (done.status, done.err.partition(";")[0]) == (2, f'"x" took no part in run {first}')


def test_info_shows_no_secret_of_the_environment(one: World) -> None:
    one.env = {"GITHUB_TOKEN": TOKEN, "SMTP_PASSWORD": "made-up-password"}
    for task in ("tidy", "tidy:write", "pr:tidy", "report"):
        done = one.doit("info", task)
        assert "tidy" in done.out
        assert TOKEN not in done.out
        assert "made-up-password" not in done.out


@pytest.mark.lane("stories")
def test_a_module_of_the_users_is_not_taken_for_a_library_of_ours(one: World) -> None:
    for name in ("jinja2", "markdown2", "github", "jsonschema"):
        one.write(f"{name}.py", f"raise SystemExit('{name}.py of the repository was imported')\n")
    one.write("mine.py", "NAME = 'mine'\n")
    one.write(
        "dodo.py",
        (one.root / "dodo.py").read_text()
        + "\nimport mine\n\n\ndef task_own():\n    import mine as later\n    return {'actions': [f'echo {mine.NAME} {later.NAME}'], 'verbosity': 2}\n",
    )
    one.commit()
    doit = one.start()
    out, _ = doit.communicate(timeout=60)
    assert doit.returncode == 0, out
    assert "mine mine" in out
    assert "of the repository was imported" not in out


def test_init_says_which_of_its_files_git_ignores_and_what_setuptools_would_take(world: World) -> None:
    world.write(".gitignore", ".*\n!.gitignore\n")
    world.write("pyproject.toml", '[project]\nname = "shapes"\nversion = "1.0"\n')
    world.write("shapes/__init__.py", "")
    world.commit()
    done = world.doit("init")
    nightly = ".github/workflows/scheduled-orchestrator.yml"
    assert f"written  {nightly}\n    git ignores it, so that no commit has it: git add --force {nightly}\n" in done.out
    assert done.out.count("git ignores it") == 1
    assert '    include = ["shapes", "shapes.*"]\n' in done.out


def test_init_names_what_is_installed_and_would_be_committed(world: World) -> None:
    world.write(".gitignore", "ignored/\n")
    world.write("kept/node_modules/one.js", "is the repository's\n")
    world.commit()
    installed = (".venv/pyvenv.cfg", ".venv/lib/node_modules/inner.js", "web/node_modules/a/b.js")
    for path in (*installed, "\x1b[2J/pyvenv.cfg", "ignored/pyvenv.cfg"):
        world.write(path, "")
    done = world.doit("init")
    assert (
        "\ngit does not ignore \ufffd[2J, .venv, web/node_modules: add that to .gitignore before you commit, "
        "else each work tree has a copy\nNext: "
    ) in done.out
    world.write(".gitignore", "ignored/\n.venv\nweb/\n*2J\n")
    assert "does not ignore" not in world.doit("init").out


def test_a_dry_run_says_how_each_agent_would_be_called_and_what_it_may_do(world: World) -> None:
    world.workstream(
        "docs", steps=[{"id": "write", "prompt": "Explain it."}, world.step("s", "true")], tool="claude-code",
        scope={"modify": ["docs/**"], "forbid": ["docs/old/**"]}, env=["MY_NAME"], budget={"usd": 1.5},
        fix={"attempts": 2}, checks=[{"id": "t", "run": "true"}],
    )  # fmt: skip
    world.commit()
    world.env |= {"MY_NAME": "not-to-be-shown", "OTHER_NAME": "x"}
    done = world.doit("run", "--dry-run", "docs")
    assert (
        ".. docs:write  would run: claude-code (prompt)\n     command: claude --output-format=stream-json --verbose "
        "--permission-mode=acceptEdits --max-budget-usd=1.5000 --print < PROMPT\n"
        "     may change: docs/**; not docs/old/**; anything else fails the step\n     sandbox: "
    ) in done.out
    environment = re.search(r"\n     environment: (.*)\n", done.out)
    assert environment
    assert {"MY_NAME", "PATH", "DISABLE_TELEMETRY"} <= {*environment[1].split(", ")}
    assert "OTHER_NAME" not in done.out
    assert "not-to-be-shown" not in done.out
    assert done.out.count("command:") == 1, "what is no agent says it all already"
    assert "     a failed check goes back to claude-code, 2 times at most\n" in done.out
