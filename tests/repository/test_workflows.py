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
from splinter.model.settings import Settings
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
    """All jobs, each in a new checkout and with a new home, as GitHub would run them; what they said."""
    handed, made = folder / "plan", folder / "temp/night/night-1"
    shutil.rmtree(folder / "temp", ignore_errors=True)
    said = on_a_new_machine(folder, origin, "plan", {".splinter/kept": kept}, ("Take it", "Plan the night"))
    hand_on(folder / "checkout/.splinter/night", handed)
    if "shards=[1]" in (folder / "output").read_text():
        steps = ("Take the state", "Run the workstreams", "Pack what was made")
        said += on_a_new_machine(folder, origin, "work", {".splinter/night": handed}, steps)
        hand_on(folder / "temp/made", made)
    publish = "doit run --plan .splinter/night/plan.json pr"
    last = ("Take the state", "Gather what was made", publish, "Pack the state")
    said += on_a_new_machine(folder, origin, "publish", {".splinter/night": handed}, last)
    hand_on(folder / "checkout/.splinter/kept", kept)
    return said


def hand_on(source: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(source, to)


def on_a_new_machine(
    folder: Path, origin: Path, name: str, before: dict[str, Path], steps: tuple[str, ...]
) -> str:  # fmt: skip
    """The steps of a job that begins with those folders; what they said."""
    checkout, home, output = folder / "checkout", folder / "home", folder / "output"
    for old in (checkout, home):
        shutil.rmtree(old, ignore_errors=True)
    output.unlink(missing_ok=True)
    git(folder, "clone", "-q", str(origin), str(checkout))
    (folder / "temp").mkdir(exist_ok=True)
    for place, source in before.items():
        if source.exists():
            shutil.copytree(source, checkout / place)
    env = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "XDG_STATE_HOME": str(home),
        "GITHUB_OUTPUT": str(output), "WORKSTREAMS": "", "SHARD": "1", "SHARDS": "1", "CI": "true",
        "RUNNER_TEMP": str(folder / "temp"),
    }  # fmt: skip
    said = ""
    for one in steps:
        done = bash(one if one.startswith("doit") else step(name, one)["run"], checkout, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "::warning::" not in done.stdout
        said += done.stdout
    return said


def test_it_is_valid_by_githubs_schema(workflow: Path) -> None:
    done = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow))
    assert done.returncode == 0, done.stdout


def test_the_recipe_for_gitlab_is_valid_by_its_schema(tmp_path: Path) -> None:
    page = (ROOT / "docs/automation-setup.md").read_text("utf-8")
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(page[page.index("# .gitlab-ci.yml") :].partition("```")[0])
    done = tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(file))
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
    assert len(lines) == 14
    for line in lines:
        assert re.search(r"uses: actions/[a-z/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_the_job_that_works_may_only_read_and_knows_no_publishing_secret() -> None:
    assert job("plan")["permissions"] == {"contents": "write", "pull-requests": "read"}
    assert job("work")["permissions"] == {"contents": "read"}
    named = {name: [one for one in PUBLISHING_SECRETS if one in yaml.safe_dump(job(name))] for name in ("plan", "work")}
    assert named == {"plan": ["HEALTHCHECK_URL"], "work": []}
    assert "github.token" not in yaml.safe_dump(job("work")), "it asks nobody"


def test_the_job_that_publishes_runs_no_workstream_and_installs_no_tool() -> None:
    assert job("publish")["permissions"] == {"contents": "write", "pull-requests": "write", "issues": "write"}
    scripts = "\n".join(one.get("run", "") for one in job("publish")["steps"])
    called = re.findall(r"(?m)^ *(?:if ! )?(doit [a-z]+)", scripts)
    assert called == ["doit unpack", "doit gather", "doit run", "doit show", "doit gc", "doit pack", "doit alarm"]
    assert "doit run --plan .splinter/night/plan.json pr report email slack apprise healthcheck ||" in scripts
    assert "TOOLS" not in yaml.safe_dump(job("publish"))
    assert not [name for name in re.findall(r"secrets\.(\w+)", yaml.safe_dump(job("publish"))) if "API_KEY" in name
                and name != "SENDGRID_API_KEY"]  # fmt: skip


def test_the_job_that_publishes_takes_the_plan_by_an_id_that_the_job_that_works_cannot_give() -> None:
    assert job("plan")["outputs"]["artifact"] == "${{ steps.hand.outputs.artifact-id }}"
    assert step("plan", "Hand the plan and the state to the other jobs")["id"] == "hand"
    taken = step("publish", "Take the plan and the state")["with"]
    assert taken == {"artifact-ids": "${{ needs.plan.outputs.artifact }}", "path": ".splinter/night"}


def test_a_claim_holds_longer_than_all_jobs_may_take() -> None:
    assert sum(job(name)["timeout-minutes"] for name in JOBS) * 60 < Settings().slot_lease_s


def test_no_checkout_leaves_its_token_behind() -> None:
    for name in JOBS:
        assert job(name)["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}


@pytest.mark.lane("stories")
def test_two_nights_on_fresh_machines_do_and_publish_nothing_twice(tmp_path: Path) -> None:
    origin, kept = repository_of_a_user(tmp_path), tmp_path / "cache"
    first = night(tmp_path, origin, kept)
    assert first.count("   count:accept  changed") == 1
    assert ".splinter/pull-requests/count.md" in first
    tips = commit_ids(tmp_path / "checkout")
    assert "refs/heads/splinter/count" in tips
    second = night(tmp_path, origin, kept)
    assert second.count("nothing due: 1 proposal waits") >= 1
    assert commit_ids(tmp_path / "checkout") == tips


@pytest.mark.parametrize(
    ("planned", "published", "job", "said"),
    [
        ("0", "0", "success", ""), ("0", "1", "failure", ""), ("0", "2", "failure", ""),
        ("3", "", "success", "alarm --status 3"), ("", "", "failure", "alarm --status"),
        ("0", "3", "failure", "alarm --status 3"), ("0", "", "failure", "alarm --status"),
        ("0", "0", "failure", "alarm --status"),
    ],
)  # fmt: skip
def test_the_night_is_told_by_the_status_that_nobody_told(
    tmp_path: Path, planned: str, published: str, job: str, said: str
) -> None:  # fmt: skip
    (tmp_path / "doit").write_text("#!/bin/sh\necho $*\n")
    (tmp_path / "doit").chmod(0o755)
    env = {"PLANNED": planned, "PUBLISHED": published, "JOB": job}
    script = step("publish", "Tell of a night that doit could not tell of")["run"]
    done = bash(script, tmp_path, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}", **env)
    assert (done.returncode, done.stdout.strip()) == (0, said)


@pytest.mark.parametrize(
    ("typed", "shards"), [*((one, "1") for one in ("-a", "tidy; true", "$(true)", "../x", "Tidy")),
                          *(("", one) for one in ("1; true", "$(true)", "0", "-1", "1000"))],
)  # fmt: skip
def test_what_is_no_name_of_a_workstream_and_no_number_is_not_run(tmp_path: Path, typed: str, shards: str) -> None:
    (tmp_path / "doit").write_text("#!/bin/sh\necho called\n")
    (tmp_path / "doit").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = bash(step("plan", "Plan the night")["run"], tmp_path, PATH=path, WORKSTREAMS=typed, SHARDS=shards)
    assert done.returncode == 1
    assert "called" not in done.stdout


PLAN = "plan --write .splinter/night/plan.json --shards"
RUN = "run --plan .splinter/night/plan.json --shard"


@pytest.mark.parametrize(
    ("name", "env", "calls"),
    [
        ("Plan the night", {}, [f"{PLAN} 1"]),
        ("Plan the night", {"WORKSTREAMS": "tidy docs", "SHARDS": "4"}, [f"{PLAN} 4 tidy docs"]),
        ("Plan the night", {"CLAIM": "true"}, [f"{PLAN} 1 --claim"]),
        ("Plan the night", {"WORKSTREAMS": "tidy", "AGAIN": "true", "CLAIM": "true"}, ["forget tidy", f"{PLAN} 1 --claim --again tidy"]),
        ("Plan the night", {"WORKSTREAMS": "tidy", "DRY_RUN": "true"}, ["run --dry-run tidy"]),
        ("Run the workstreams", {"SHARD": "1"}, [f"{RUN} 1/1 workstreams rehearse"]),
        ("Run the workstreams", {"SHARD": "2", "SHARDS": "4"}, [f"{RUN} 2/4 workstreams"]),
    ],
)  # fmt: skip
def test_what_a_person_asks_for_is_what_is_run(
    tmp_path: Path, name: str, env: dict[str, str], calls: list[str]
) -> None:  # fmt: skip
    (tmp_path / ".splinter").mkdir()
    (tmp_path / "doit").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "doit").chmod(0o755)
    env = {
        "SHARDS": "1",
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": os.devnull,
        **env,
    }
    done = bash(step("plan" if "Plan" in name else "work", name)["run"], tmp_path, **env)
    assert (done.returncode, done.stdout.splitlines()) == (0, calls)


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_exit_status_of_each_job_is_its_own_and_the_plans_is_kept_for_the_last(tmp_path: Path, status: int) -> None:
    doit = tmp_path / "doit"
    doit.write_text(f"#!/bin/sh\nexit {status}\n")
    doit.chmod(0o755)
    path, output = f"{tmp_path}{os.pathsep}{os.environ['PATH']}", tmp_path / "output"
    night = bash(step("plan", "Plan the night")["run"], tmp_path, PATH=path, GITHUB_OUTPUT=str(output), SHARDS="1")
    assert (night.returncode, output.read_text()) == (status, f"status={status}\n")
    work = bash(step("work", "Run the workstreams")["run"], tmp_path, PATH=path, SHARD="1", SHARDS="1")
    assert work.returncode == status
    publish = step("publish", "Publish")["run"]
    assert bash(publish, tmp_path, PATH=path, GATHERED="0").returncode == status
    assert bash(publish, tmp_path, PATH=path, GATHERED="2").returncode == (status or 2)  # a shard was left out


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
