"""The nightly: valid, pinned, one job works and another publishes, and its scripts really carry the state."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from splinter.maintenance import init
from tests import paths

ROOT = paths.ROOT
WORKFLOWS = {
    "of this repository": (ROOT / init.NIGHTLY).read_text("utf-8"),
    "of doit init": init.nightly(package="doit-splinter==0.1.0", tools="ruff pytest"),
}
PUBLISHING_SECRETS = (
    "SPLINTER_TOKEN",
    "SMTP_PASSWORD",
    "SENDGRID_API_KEY",
    "SLACK_WEBHOOK_URL",
    "APPRISE_URLS",
    "HEALTHCHECK_URL",
)


@pytest.fixture(params=WORKFLOWS)
def workflow(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / ".github/workflows/nightly.yml"
    file.parent.mkdir(parents=True)
    file.write_text(WORKFLOWS[request.param], "utf-8")
    return file


JOBS = tuple(yaml.safe_load(WORKFLOWS["of doit init"])["jobs"])


def job(name: str) -> dict[str, Any]:
    return yaml.safe_load(WORKFLOWS["of doit init"])["jobs"][name]


def step(job_name: str, name: str) -> dict[str, Any]:
    return next(step for step in job(job_name)["steps"] if step.get("name") == name)


def tool(name: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name(name)
    return subprocess.run([command, *args], capture_output=True, text=True, timeout=60)


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True, text=True).stdout.strip()


def bash(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    # as GitHub runs a step
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env={**os.environ, "GITHUB_OUTPUT": os.devnull, "RUNNER_TEMP": str(folder), **env}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def commit_ids(folder: Path) -> dict[str, str]:
    lines = git(folder, "for-each-ref", "--format=%(refname) %(objectname)", "refs/splinter", "refs/heads/splinter")
    return dict(line.split() for line in lines.splitlines())


def worked(folder: Path) -> Path:
    """A checkout after the first job: a commit, a branch and a hidden ref of ours, and state."""
    git(folder.parent, "init", "-q", str(folder))
    git(folder, "commit", "-q", "--allow-empty", "-m", "base")
    git(folder, "commit", "-q", "--allow-empty", "-m", "work")
    git(folder, "update-ref", "refs/heads/splinter/tidy", "HEAD")
    git(folder, "update-ref", "refs/splinter/accepted/tidy", "HEAD")
    git(folder, "tag", "not-ours")
    (folder / ".splinter").mkdir()
    (folder / ".splinter/history.db").write_text("history")
    (folder / ".doit.db").write_text("rows")
    return folder


def repository_of_a_user(folder: Path) -> Path:
    """A bare repository with what `doit init` writes and one workstream that is done once."""
    origin = folder / "origin"
    git(folder, "init", "-q", "-b", "main", str(origin))
    (origin / "workstreams").mkdir()
    steps = '[{id: write, run: "echo counted > count.txt"}]'
    (origin / "workstreams/count.yaml").write_text(f"id: count\ntitle: Count\nwhen: once\nsteps: {steps}\n")
    init.write(origin, ())
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "set up")
    return origin


def night(folder: Path, origin: Path, kept: Path) -> str:
    """Both jobs, each in a new checkout and with a new home, as GitHub would run them; what they said."""
    said = job_on_a_new_machine(folder, origin, "work", kept, (
        "Bring back the commits of the last night", "Run the workstreams", "Pack the commits",
    ))  # fmt: skip
    shutil.rmtree(folder / "temp", ignore_errors=True)
    shutil.copytree(kept, folder / "temp/night")
    return said + job_on_a_new_machine(
        folder, origin, "publish", kept, ("Take over the state", "doit run pr", "Pack the commits")
    )


def job_on_a_new_machine(folder: Path, origin: Path, name: str, kept: Path, steps: tuple[str, ...]) -> str:
    checkout, home = folder / "checkout", folder / "home"
    for old in (checkout, home):
        shutil.rmtree(old, ignore_errors=True)
    git(folder, "clone", "-q", str(origin), str(checkout))
    (folder / "temp").mkdir(exist_ok=True)
    if name == "work" and kept.exists():
        shutil.copytree(kept, checkout, dirs_exist_ok=True)
    env = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "XDG_STATE_HOME": str(home),
        "GITHUB_OUTPUT": str(folder / "output"), "WORKSTREAMS": "", "RUNNER_TEMP": str(folder / "temp"), "CI": "true",
    }  # fmt: skip
    said = ""
    for one in steps:
        done = bash(one if one.startswith("doit") else step(name, one)["run"], checkout, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(checkout / ".splinter", kept / ".splinter")
    for file in checkout.glob(".doit.db*"):
        shutil.copy(file, kept)
    return said


def handed_over(source: Path, to: Path) -> Path:
    """What the artifact brings to the second job."""
    to.mkdir()
    shutil.copytree(source / ".splinter", to / ".splinter")
    shutil.copy(source / ".doit.db", to)
    return to


def test_it_is_valid_by_githubs_schema(workflow: Path) -> None:
    done = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow))
    assert done.returncode == 0, done.stdout


def test_it_has_no_finding_of_the_security_linter(workflow: Path) -> None:
    done = tool("zizmor", "--offline", "--no-progress", "--persona", "auditor", str(workflow))
    assert done.returncode == 0, done.stdout
    assert "No findings to report" in done.stdout
    assert "ignored" not in done.stdout


def test_this_repositorys_nightly_is_the_one_that_init_writes_but_for_the_package() -> None:
    assert WORKFLOWS["of this repository"] == init.nightly(package=".", tools="ruff pytest")


def test_it_runs_at_two_in_utc_and_by_hand() -> None:
    # YAML 1.1 reads the key `on` as true
    on = yaml.safe_load(WORKFLOWS["of doit init"])[True]
    assert (sorted(on), on["schedule"]) == (["schedule", "workflow_dispatch"], [{"cron": "0 2 * * *"}])


def test_what_a_person_types_reaches_scripts_through_the_environment_alone() -> None:
    scripts = [one["run"] for name in JOBS for one in job(name)["steps"] if "run" in one]
    assert not [script for script in scripts if "${{" in script]


def test_a_pipe_ends_as_its_first_failure_does() -> None:
    assert yaml.safe_load(WORKFLOWS["of doit init"])["defaults"] == {"run": {"shell": "bash"}}, "else without pipefail"


def test_every_action_is_pinned_by_its_whole_commit_id_with_its_version_beside() -> None:
    lines = [line for line in WORKFLOWS["of doit init"].splitlines() if "uses:" in line]
    assert len(lines) == 9
    for line in lines:
        assert re.search(r"uses: actions/[a-z/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_the_job_that_works_may_only_read_and_knows_no_publishing_secret() -> None:
    assert job("work")["permissions"] == {"contents": "read", "pull-requests": "read"}
    text = yaml.safe_dump(job("work"))
    assert not [name for name in PUBLISHING_SECRETS if name in text]


def test_the_job_that_publishes_runs_no_workstream_and_installs_no_tool() -> None:
    assert job("publish")["permissions"] == {"contents": "write", "pull-requests": "write", "issues": "write"}
    scripts = "\n".join(one.get("run", "") for one in job("publish")["steps"])
    called = re.findall(r"(?m)^ *(?:if ! )?(doit [a-z]+)", scripts)
    assert called == ["doit run", "doit show", "doit gc", "doit alarm"]
    assert "doit run pr report email slack apprise healthcheck ||" in scripts
    assert "TOOLS" not in yaml.safe_dump(job("publish"))
    assert not [name for name in re.findall(r"secrets\.(\w+)", yaml.safe_dump(job("publish"))) if "API_KEY" in name
                and name != "SENDGRID_API_KEY"]  # fmt: skip


def test_no_checkout_leaves_its_token_behind() -> None:
    for name in ("work", "publish"):
        assert job(name)["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}


def test_two_nights_on_fresh_machines_do_and_publish_nothing_twice(tmp_path: Path) -> None:
    origin, kept = repository_of_a_user(tmp_path), tmp_path / "cache"
    first = night(tmp_path, origin, kept)
    assert first.count("   count:accept  changed") == 1
    assert ".splinter/pull-requests/count.md" in first
    tips = commit_ids(tmp_path / "checkout")
    assert "refs/heads/splinter/count" in tips
    second = night(tmp_path, origin, kept)
    assert second.count("nothing new: 1 proposal waits") >= 1
    assert commit_ids(tmp_path / "checkout") == tips


def test_commits_and_state_reach_the_other_job_and_nothing_else_does(tmp_path: Path) -> None:
    source = worked(tmp_path / "work")
    packed = bash(step("work", "Pack the commits")["run"], source)
    assert packed.returncode == 0, packed.stderr
    (tmp_path / "temp").mkdir()
    artifact = handed_over(source, tmp_path / "temp/night")
    (artifact / "dodo.py").write_text("planted")
    (artifact / ".splinter/leading-out").symlink_to(source)
    target = tmp_path / "publish"
    git(tmp_path, "init", "-q", str(target))
    with (artifact / ".splinter/refs").open("a") as refs:
        refs.write(f"{git(source, 'rev-parse', 'HEAD')} refs/remotes/origin/main\n")
    taken = bash(step("publish", "Take over the state")["run"], target, RUNNER_TEMP=str(tmp_path / "temp"))
    assert taken.returncode == 0, taken.stderr
    assert commit_ids(target) == commit_ids(source)
    assert git(target, "for-each-ref", "refs/tags", "refs/remotes") == ""
    assert sorted(path.name for path in target.iterdir()) == [".doit.db", ".git", ".splinter"]
    assert sorted(path.name for path in (target / ".splinter").iterdir()) == ["history.db", "refs", "refs.bundle"]


def test_the_next_night_gets_the_commits_back(tmp_path: Path) -> None:
    source = worked(tmp_path / "work")
    bash(step("publish", "Pack the commits")["run"], source)
    target = tmp_path / "next"
    git(tmp_path, "init", "-q", str(target))
    shutil.copytree(source / ".splinter", target / ".splinter")
    brought = bash(step("work", "Bring back the commits of the last night")["run"], target)
    assert brought.returncode == 0, brought.stderr
    assert commit_ids(target) == commit_ids(source)


def test_a_night_without_any_commit_packs_nothing_and_is_taken_over(tmp_path: Path) -> None:
    source = tmp_path / "work"
    git(tmp_path, "init", "-q", str(source))
    (source / ".splinter").mkdir()
    (source / ".splinter/refs.bundle").write_text("of the night before")
    (source / ".doit.db").write_text("")
    for name in ("work", "publish"):
        assert bash(step(name, "Pack the commits")["run"], source).returncode == 0
    assert list((source / ".splinter").iterdir()) == []
    (tmp_path / "temp").mkdir()
    handed_over(source, tmp_path / "temp/night")
    taken = bash(step("publish", "Take over the state")["run"], source, RUNNER_TEMP=str(tmp_path / "temp"))
    assert taken.returncode == 0, taken.stderr


def test_a_spoilt_bundle_costs_the_kept_results_and_not_the_night(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".splinter").mkdir()
    (tmp_path / ".splinter/refs.bundle").write_text("no bundle")
    brought = bash(step("work", "Bring back the commits of the last night")["run"], tmp_path)
    assert brought.returncode == 0
    assert "::warning::the commits of the last night could not be brought back" in brought.stdout


@pytest.mark.parametrize(
    ("worked", "published", "status"), [("0", "0", ""), ("1", "3", "3"), ("3", "", "3"), ("", "0", ""), ("0", "4", "4")]
)
def test_the_night_is_told_by_the_status_that_nobody_told(
    tmp_path: Path, worked: str, published: str, status: str
) -> None:  # fmt: skip
    (tmp_path / "doit").write_text('#!/bin/sh\necho "$1 $2 ($3)"\n')
    (tmp_path / "doit").chmod(0o755)
    script = step("publish", "Tell of a night that doit could not tell of")["run"]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert (
        bash(script, tmp_path, PATH=path, WORKED=worked, PUBLISHED=published).stdout == f"alarm --status ({status})\n"
    )


@pytest.mark.parametrize("typed", ["-a", "tidy; true", "$(true)", "../x", "Tidy"])
def test_what_is_no_name_of_a_workstream_is_not_run(tmp_path: Path, typed: str) -> None:
    (tmp_path / "doit").write_text("#!/bin/sh\necho called\n")
    (tmp_path / "doit").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = bash(step("work", "Run the workstreams")["run"], tmp_path, PATH=path, WORKSTREAMS=typed)
    assert done.returncode == 1
    assert "called" not in done.stdout


@pytest.mark.parametrize(
    ("env", "calls"),
    [
        ({}, ["run workstreams rehearse"]), ({"WORKSTREAMS": "tidy docs"}, ["run tidy docs rehearse"]),
        ({"WORKSTREAMS": "tidy", "AGAIN": "true"}, ["forget tidy", "run tidy rehearse"]),
        ({"WORKSTREAMS": "tidy", "DRY_RUN": "true"}, ["run --dry-run tidy"]),
    ],
)  # fmt: skip
def test_what_a_person_asks_for_is_what_is_run(tmp_path: Path, env: dict[str, str], calls: list[str]) -> None:
    (tmp_path / "doit").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "doit").chmod(0o755)
    env |= {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": os.devnull}
    done = bash(step("work", "Run the workstreams")["run"], tmp_path, **env)
    assert (done.returncode, done.stdout.splitlines()) == (0, calls)


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_exit_status_of_the_night_is_kept_for_the_other_job(tmp_path: Path, status: int) -> None:
    doit = tmp_path / "doit"
    doit.write_text(f"#!/bin/sh\nexit {status}\n")
    doit.chmod(0o755)
    night = bash(
        step("work", "Run the workstreams")["run"], tmp_path,
        PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}", GITHUB_OUTPUT=str(tmp_path / "output"),
    )  # fmt: skip
    assert night.returncode == status
    assert (tmp_path / "output").read_text() == f"status={status}\n"


def ping(folder: Path, address: str) -> Path:
    """Run the last step where there is no doit, with a curl that writes down what it is told; returns that folder."""
    for name, script in (("curl", 'cat > said\necho "$@" > called'), ("doit", "exit 127")):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    script = step("publish", "Tell of a night that doit could not tell of")["run"]
    done = bash(script, folder, PATH=f"{folder}{os.pathsep}{os.environ['PATH']}", HEALTHCHECK_URL=address)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("address", "asked"), [("abc/", "abc/fail"), ("abc", "abc/fail"), ("abc?create=1&a=b", "abc/fail?create=1&a=b")]
)
def test_a_night_without_doit_pings_fail_without_showing_the_address(tmp_path: Path, address: str, asked: str) -> None:
    notes = ping(tmp_path, f"https://ping.example.org/{address}")
    assert (notes / "said").read_text() == f'url = "https://ping.example.org/{asked}"\n'
    assert "abc" not in (notes / "called").read_text()


def test_without_a_healthcheck_nothing_is_pinged(tmp_path: Path) -> None:
    assert not (ping(tmp_path, "") / "called").exists()


@pytest.mark.parametrize(("restricts", "status"), [("1", 0), ("0", 0), ("1", 1)])
def test_the_sandbox_is_installed_before_the_night_and_named_to_apparmor_where_that_asks_for_it(
    tmp_path: Path, restricts: str, status: int
) -> None:
    """The machine's own programs stand in: what they are called with is what counts."""
    fakes = {
        "cat": f"echo {restricts}",
        "sudo": f'echo "$@" >> calls; case $1 in tee) /bin/cat > profile ;; *) exit {status} ;; esac',
    }
    for name, body in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    done = bash(step("work", "Install the sandbox")["run"], tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    calls = (tmp_path / "calls").read_text()
    assert done.returncode == 0, "the night goes on without, and says so"
    assert ("::warning::" in done.stdout) is bool(status)
    assert ("apparmor_parser --replace /etc/apparmor.d/bwrap" in calls) is (restricts == "1" and not status)
    assert (tmp_path / "profile").exists() is (restricts == "1" and not status)
    if (tmp_path / "profile").exists():
        assert "profile bwrap /usr/bin/bwrap flags=(unconfined) {\n  userns,\n}" in (tmp_path / "profile").read_text()
    names = [one.get("name") for one in job("work")["steps"]]
    assert names.index("Install the sandbox") < names.index("Run the workstreams")
