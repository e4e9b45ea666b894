"""Twelve jobs that people run today, as workstreams under tests/data/jobs: each is run with a script for its agent."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from splinter.config import settings_file, workstream_files
from tests import deep, paths
from tests.base_files import Files
from tests.world import TUESDAY, World

JOBS = paths.DATA / "jobs"
NAMES = sorted(one.name for one in JOBS.iterdir())
LISTED = paths.SHARED / "real-specs/README.md"
LONG_AGO = "2020-01-01T00:00:00Z"
# what it does is `act.py`, which finds the prompt and the number of this call, and may set what is said last
CLAUDE = """#!{python}
import json, pathlib, sys
if "--version" in sys.argv:
    sys.exit(print("2.1.197 (Claude Code)"))
home, prompt, said = pathlib.Path({home!r}), sys.stdin.read(), "Done."
with open(home / "asked", "a+") as asked:
    print(json.dumps([sys.argv[1:], prompt]), file=asked)
    asked.seek(0)
    call = len(asked.readlines())
exec((home / "act.py").read_text())
print(json.dumps({{"type": "result", "subtype": "success", "is_error": False, "result": said, "total_cost_usd": 0.01}}))
"""


class Job:
    """A job's folder as a repository, in which `claude` does what a test says."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        shutil.copytree(JOBS / name, world.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("served"))
        self.act("")
        self.program("claude", CLAUDE.format(python=sys.executable, home=str(world.home)))

    def act(self, text: str) -> None:
        (self.world.home / "act.py").write_text(text)

    def program(self, name: str, text: str) -> None:
        """One that is found before the machine's own."""
        file = self.world.home / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
        self.world.env["PATH"] = f"{file.parent}:{self.world.environ()['PATH']}"

    def asked(self) -> list[tuple[list[str], str]]:
        """What the agent was called with, and its prompt, since the last look."""
        file = self.world.home / "asked"
        found = [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return found  # type: ignore[return-value]

    def run(self, **expected: str) -> None:
        """Run all that is due, with its pull requests; the outcomes are to be these."""
        done = self.world.doit("run", "workstreams", "pr")
        assert done.status == 0, done.out + done.err
        assert self.world.outcomes() == {id.replace("_", "-"): outcome for id, outcome in expected.items()}, done.out

    def page(self, id: str) -> tuple[dict[str, object], str]:
        """The fields of a pull request, and its text."""
        text = (self.world.root / f".splinter/pull-requests/{id}.md").read_text()
        heading, _, body = text.removeprefix("---\n").partition("\n---\n")
        return yaml.safe_load(heading), body

    def pages(self, *fields: str) -> dict[str, object]:
        ids = sorted(one.stem for one in (self.world.root / ".splinter/pull-requests").glob("*.md"))
        shown = {id: self.page(id)[0] for id in ids}
        return {id: tuple(one[name] for name in fields) if fields[1:] else one[fields[0]] for id, one in shown.items()}

    def subjects(self, branch: str, base: str = "main") -> list[str]:
        return self.world.git("log", "--reverse", "--format=%s", f"{base}..{branch}").splitlines()

    def files(self, branch: str, base: str = "main") -> list[str]:
        return self.world.git("diff", "--name-only", f"{base}...{branch}").splitlines()

    def steps(self, id: str) -> dict[str, str]:
        return {one["step"]: one["outcome"] for one in self.world.records()[id]["steps"]}


def dependency(job: Job) -> None:
    job.program("npm", '#!/bin/sh\ntest "$*" = "install --package-lock-only --save-dev typescript@5" || exit 2\n'
                       "sed -i s/4/5/ package.json; echo '{\"locked\": 5}' > package-lock.json\n")  # fmt: skip
    job.world.commit()
    job.run(ts_update_packages_api="changed", ts_update_packages_web="changed", ts_update_tools="changed")
    assert job.pages("title", "head", "base") == {
        "ts-update-packages-api": ("build: typescript 5 in api", "ts-update/packages/api", "main"),
        "ts-update-packages-web": ("build: typescript 5 in web", "ts-update/packages/web", "main"),
        "ts-update-tools": ("build: typescript 5 in tools", "ts-update/tools", "main"),
    }
    assert job.files("ts-update/packages/api") == ["packages/api/package-lock.json", "packages/api/package.json"]
    assert job.subjects("ts-update/tools") == ["Bump typescript in tools (bump)"]
    job.world.write("packages/api/package.json", '{"devDependencies": {"typescript": "4"}, "name": "api"}\n')
    job.world.commit()
    job.run(ts_update_packages_api="changed")


def formatter(job: Job) -> None:
    teams = [f"team{number:02}" for number in range(27)]
    for team in teams:
        job.world.write(f"{team}/OWNERS", f"@{team}\n")
        job.world.write(f"{team}/notes.txt", "two blanks  \n" if team != "team13" else "none\n")
    job.world.write("attic/notes.txt", "nobody's  \n")
    job.world.commit()
    outcomes = {f"format_{team}": "changed" if team != "team13" else "unchanged" for team in teams}
    job.run(**outcomes)
    assert len(job.pages("title")) == 26
    assert job.pages("labels")["format-team07"] == ["formatting", "team/team07"]
    assert job.files("splinter/format-team07") == ["team07/notes.txt"]


def revocation_list(job: Job) -> None:
    served = JOBS / "03-revocation-list-on-each-branch/served/root.crl"
    job.program("curl", f'#!/bin/sh\neval "last=\\${{$#}}"; test "$last" = https://crl.example.org/root.crl || exit 6\n'
                        f'cp {served} "$5"\n')  # fmt: skip
    job.world.commit()
    for branch in ("stable31", "stable32"):
        job.world.git("checkout", "--quiet", "-b", branch)
        job.world.write("version", branch)
        job.world.commit(f"begin {branch}")
    job.world.git("checkout", "--quiet", "main")
    job.run(crl_main="changed", crl_stable31="changed", crl_stable32="changed")
    title = "Renew the certificate revocation list"
    assert job.pages("title", "base", "labels") == {
        f"crl-{branch}": (f"[{branch}] {title}", branch, ["certificates", branch])
        for branch in ("main", "stable31", "stable32")
    }
    assert job.files("splinter/crl-stable32", "stable32") == ["resources/served.crl"]
    assert job.subjects("splinter/crl-stable32", "stable32") == [f"[stable32] {title} (fetch)"]
    served_wrong = job.world.home / "wrong.crl"
    served_wrong.write_text(re.sub("[A-Z]", "A", served.read_text()))
    job.program("curl", f'#!/bin/sh\ncp {served_wrong} "$5"\n')
    job.world.now = TUESDAY
    assert job.world.doit("crl-main").status == 1
    assert job.world.records()["crl-main"]["reason"] == "check_failed"


def simplify(job: Job) -> None:
    world = job.world
    world.git("add", "--all")
    dated = {"GIT_COMMITTER_DATE": LONG_AGO, "GIT_AUTHOR_DATE": LONG_AGO}
    world.git("-c", "alias.old=!" + " ".join(f"{k}={v}" for k, v in dated.items()) + " git commit", "old", "-qm", "old")
    job.run(simplify="unchanged")
    assert job.steps("simplify") == {"changed": "unchanged", "simplify": "skipped"}
    assert job.asked() == []
    world.write("src/sums.py", "# of today\n" + world.git("show", "HEAD:src/sums.py") + "\n")
    world.commit()
    world.now = TUESDAY
    job.act("""
text = "def total(values):\\n    return sum(values)" + ("  # TODO" if call == 1 else "") + "\\n"
pathlib.Path("src/sums.py").write_text(text)
""")
    job.run(simplify="changed")
    first, fix = job.asked()
    assert "src/sums.py" in first[1]
    assert "check_sums.py" not in first[1]
    assert "TODO" in fix[1]
    assert world.git("show", "splinter/simplify:src/sums.py").splitlines() == [
        "def total(values):", "    return sum(values)",
    ]  # fmt: skip
    assert job.pages("title", "draft") == {"simplify": ("Simplify what changed", True)}


def documentation(job: Job) -> None:
    world = job.world
    world.commit()
    world.git("checkout", "--quiet", "-b", "feature")
    world.write("feature.py", "x = 1\n")
    world.commit("work")
    world.git("checkout", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #4\n\nA feature that greets", "feature")
    job.act("""
pathlib.Path("docs/index.md").write_text("# The program\\n\\nIt greets.\\n")
said = "The page says that it greets. Thanks to @somebody; closes #4."
""")
    job.run(docs="changed")
    ((_, prompt),) = job.asked()
    assert "A feature that greets" in prompt
    assert "feature.py" in prompt
    _, body = job.page("docs")
    assert "The page says that it greets." in body
    assert "closes #4" not in body
    assert "@somebody" not in body
    world.now = TUESDAY
    job.run(docs="changed")
    assert len(job.asked()) == 1, "each day has other merges"


def docstrings(job: Job) -> None:
    job.act("""
file = next(pathlib.Path("src").glob(prompt.partition("function of src/")[2].split()[0]))
if file.name != "mass.py":
    file.write_text(file.read_text().replace(":\\n", ':\\n    \\"\\"\\"Said.\\"\\"\\"\\n', 1))
""")
    job.world.commit()
    done = job.world.doit()
    assert done.status == 0, done.out + done.err
    assert job.world.outcomes() == {
        "docstrings-area": "changed", "docstrings-length": "changed", "docstrings-mass": "unchanged",
    }  # fmt: skip
    assert len(job.asked()) == 3
    print(done.out)
    ((id, head),) = job.pages("head").items()
    assert id == "together"
    assert sorted(job.subjects(str(head))) == ["docs: docstrings in area.py", "docs: docstrings in length.py"]


def findings(job: Job) -> None:
    job.act('pathlib.Path("packages/api/main.py").write_text("a = 1\\n")')
    job.world.commit()
    job.run(findings_api="changed", findings_web="unchanged")
    ((_, prompt),) = job.asked()
    assert "packages/api/main.py:2: print is left over" in prompt
    assert job.steps("findings-web") == {"lint": "unchanged", "mend": "skipped"}
    assert job.pages("title") == {"findings-api": "Mend what the linter finds in api"}


def message(job: Job) -> None:
    job.world.commit()
    job.run(tidy="changed")
    assert job.world.branches() == []
    assert job.pages("head") == {"tidy": "bot/tidy"}
    wanted = ["chore(docs): strip trailing blanks", "chore(lines): count them again"]
    assert job.subjects("bot/tidy") == wanted
    signed = "%(trailers:key=Signed-off-by,valueonly,separator=%x2C)"
    assert (
        job.world.git("log", f"--format={signed}", "main..bot/tidy").splitlines()
        == ["Test User <test@example.org>"] * 2
    )


def one_server(job: Job) -> None:
    job.act("""
name = "glossary" if "glossary.md" in prompt else "releases"
with open(f"docs/{name}.md", "a") as file: file.write("more\\n")
servers = [one.partition("=")[2] for one in sys.argv if one.startswith("--mcp-config=")]
said = json.dumps([json.loads(pathlib.Path(one).read_text()) for one in servers])
""")
    job.world.commit()
    job.run(glossary="changed", releases="changed")
    glossary, releases = sorted(job.asked(), key=lambda one: "glossary.md" not in one[1])
    assert {"--model=haiku", "--tools=Read,Edit", "--strict-mcp-config", "--allowed-tools=mcp__terms__look_up"} <= set(
        glossary[0]
    )
    assert not [one for one in releases[0] if one.startswith(("--model", "--tools", "--mcp", "--allowed"))]
    said = job.world.records()["glossary"]["steps"][0]["said"]
    assert json.loads(said) == [json.loads((job.world.root / "tools/terms.json").read_text())]


def house_rules(job: Job) -> None:
    job.act("""
name = prompt.partition("docs/")[2].partition(".md")[0]
pathlib.Path(f"docs/{name}.md").parent.mkdir(exist_ok=True)
pathlib.Path(f"docs/{name}.md").write_text("text\\n")
""")
    job.world.commit()
    job.run(errors="changed", guide="changed", questions="changed")
    prompts = [prompt for _, prompt in job.asked()]
    assert len(prompts) == 3
    for prompt in prompts:
        places = [
            prompt.index(words, prompt.index("#"))
            for words in ("One thought each.", 'We say "folder"', " docs/", "You may change only")
        ]
        assert places == sorted(places), prompt
    assert job.files("splinter/guide") == ["docs/guide.md"]


def issues(job: Job) -> None:
    job.act("""
issue = "17" if "issue 17" in prompt else "23"
ready = pathlib.Path(f"issues/ready/{issue}.md").read_text()
broken = issue == "23" and "SyntaxError" not in prompt
pathlib.Path(ready.partition("\\n")[2].split()[0]).write_text("def (\\n" if broken else f"# {issue}\\n")
""")
    job.world.commit()
    job.run(ready_17="changed", ready_23="changed")
    assert len(job.asked()) == 3, "the one that does not compile goes back once"
    assert job.files("splinter/ready-23") == ["src/part.py"]
    assert job.pages("title", "draft") == {
        "ready-17": ("Do what issue 17 asks", True), "ready-23": ("Do what issue 23 asks", True),
    }  # fmt: skip
    assert "\nCloses #23.\n" in job.page("ready-23")[1]


def major(job: Job) -> None:
    job.act("""
file = pathlib.Path("requirements.txt")
file.write_text(file.read_text().replace("click==8", "click==9"))
""")
    job.world.commit()
    for _ in range(2):
        job.run(major_click="changed")
    assert len(job.asked()) == 1, "the second waits while the first is open"
    assert "waits: 1 of major is open (max_open: 1)" in job.world.doit("plan").out
    fields, body = job.page("major-click")
    assert (fields["title"], fields["head"], fields["milestone"]) == (
        "click: next major version", "major/click", "2.0",
    )  # fmt: skip
    assert "Not to be merged before 2.0." in body


RUNS: dict[str, Callable[[Job], None]] = dict(
    zip(
        NAMES,
        (dependency, formatter, revocation_list, simplify, documentation, docstrings, findings, message, one_server,
         house_rules, issues, major),
        strict=True,
    )
)  # fmt: skip


@pytest.mark.parametrize("name", deep.rows(RUNS, "stories", ordinary=("08-own-commit-message",)))
def test_it_runs_with_the_right_branches_commits_and_titles(world: World, name: str) -> None:
    if name.startswith("03") and not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    RUNS[name](Job(world, name))


def test_all_of_them_are_sound(tmp_path: Path) -> None:
    for name in NAMES:
        root = tmp_path / name
        shutil.copytree(JOBS / name, root)
        files = [one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()]
        found = workstream_files.read(root, settings_file.read(root), Files(*files, "team01/OWNERS"))
        told = [one.text() for one in found.problems if one.is_error or "overlaps" not in one.text()]
        assert told == [], name
        assert found.workstreams, name


@pytest.mark.skipif(not LISTED.is_file(), reason=f"the list of jobs is not there: {LISTED.name}")
def test_each_job_of_the_list_is_here_and_says_what_it_lacks() -> None:
    numbers = re.findall(r"^\| (\d+) \|", LISTED.read_text("utf-8"), re.MULTILINE)
    assert [int(name.partition("-")[0]) for name in NAMES] == [int(one) for one in numbers]
    for name in NAMES:
        texts = "".join(one.read_text("utf-8") for one in sorted((JOBS / name / "workstreams").iterdir()))
        assert re.search(r"(?m)^# (Job|Beside)", texts), name
        assert re.search(r"(?i)missing", texts), name
