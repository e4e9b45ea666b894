"""Whatever lies in a file, `check` gives problems or a workstream, in bounded time and memory, and never a traceback.

An ordinary run tries few examples, always the same; `pytest --lane fuzz tests/lanes/test_fuzz.py` tries many new ones.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splinter.config import problem_listing, rules, schema, workstream_files, yaml_documents
from splinter.config import settings_file as own_settings
from splinter.config.tool_profiles import shipped
from splinter.config.yaml_documents import Problem
from splinter.model import workstream_document
from splinter.model.settings import Settings
from splinter.model.tool import Tool
from tests import deep
from tests.world import World

pytestmark = pytest.mark.timeout(900)

SECONDS = 30.0  # for what takes milliseconds: bounded is what counts, and a machine under load is no defect
TOOLS = {**shipped(), "agent": Tool(name="agent", command="agent", prompt_args=("{prompt}",))}
SETTINGS = Settings(tools=TOOLS)
GOOD: dict[str, Any] = {
    "id": "api-docs",
    "title": "Refresh the API docs",
    "objective": "Every public function has a current example.",
    "when": "0 2 * * 1",
    "base": "main",
    "depends_on": ["tidy"],
    "tool": "agent",
    "env": ["API_KEY"],
    "scope": {"modify": ["docs/**", "README.md"], "create": ["docs/*.md"], "forbid": ["src/**"]},
    "inputs": ["src/**/*.py"],
    "preflight": [{"run": "python --version"}, {"tool": "ruff", "args": ["--version"], "timeout": 5}],
    "steps": [
        {"id": "write", "prompt": "Write.", "timeout": "20m", "stall": 90, "expect": "change"},
        {"id": "read", "prompt_file": "prompts/read.md"},
        {"id": "format", "tool": "ruff", "args": ["format", "docs"]},
        {"id": "count", "run": ["wc", "-l"]},
    ],
    "checks": [{"id": "tests", "tool": "pytest", "args": ["tests"]}],
    "fix": {"attempts": 3},
    "artifacts": ["docs/api.md", "docs/site/"],
    "budget": {"usd": 2.0, "minutes": 60},
    "pull_request": {"labels": ["docs"], "reviewers": ["octocat"], "base": "main", "draft": True},
    "metadata": {"phase": "PH-01"},
}
SOUND_SETTINGS = """\
jobs = 4
timezone = "Europe/Berlin"
branch_prefix = "bot/"
[identity]
name = "Bot"
email = "bot@example.org"
[tools.agent]
command = "agent"
args = ["--quiet", '{model}']
prompt_args = ["{prompt}"]
timeout = "5m"
env = ["API_KEY"]
"""
KEYS = sorted(
    {key for part in (GOOD, GOOD["scope"], GOOD["steps"][0], GOOD["steps"][2], GOOD["pull_request"]) for key in part}
)

WORDS = st.sampled_from(
    ["", " ", "~", "null", "yes", "1e999", "-0", "2020-01-01", "*", "**", "[", "[!", "]", "{junit}", "docs/", "../x",
     "-x", ":x", "/", ".git", "a" * 5000, "*a" * 400, "**/" * 300, "[a-" * 300, "0 0 31 2 *", "* * * * *", "\ufeff",
     "\u202e", "é", "\U0001f680", "\x85", "0" * 400, "<<", "api-docs", "tidy", "write", "agent", "replay", "x\n", "\\"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20) | st.sampled_from(KEYS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | WORDS, inner, max_size=4),
    max_leaves=12,
)
YAML_TEXT = st.lists(
    st.sampled_from(
        ["id: ", "title", "steps:", "\n", "\n  ", "\n- ", "- ", ": ", "? ", "[", "]", "{", "}", ", ", "&a ", "*a", "*b",
         "!!str ", "!x ", "| \n ", ">-\n  ", '"', "'", "#", "%YAML 1.1\n", "---\n", "...\n", "\t", "\r", "\r\n", "<<: ",
         "\\u0000", "\\ud800", "\x85", "\u2028", "\ufeff", "run", "ls", "@", "`", "0x1", "1_0", "on"]
    ) | st.text(max_size=3),
    max_size=40,
).map("".join)  # fmt: skip


def paths(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*keys, key)
        yield from paths(inner, (*keys, key))


@st.composite
def near_good(draw: st.DrawFn, good: dict[str, Any] = GOOD) -> dict[str, Any]:
    """A good document after one to four mistakes."""
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 4))):
        places = list(paths(document))
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inside = document
        for key in way:
            inside = inside[key]
        mistake = draw(st.sampled_from(["drop", "replace", "replace", "rename", "repeat", "wrap", "deepen", "move"]))
        if mistake == "drop":
            del inside[last]
        elif mistake == "replace":
            inside[last] = draw(VALUES)
        elif mistake == "rename" and isinstance(inside, dict):
            inside[draw(st.sampled_from(KEYS) | st.just(f"{last}s") | WORDS)] = inside.pop(last)
        elif mistake == "repeat" and isinstance(inside, list):
            inside.extend([inside[last]] * draw(st.sampled_from([1, 2, 300])))
        elif mistake == "wrap":
            inside[last] = draw(st.sampled_from([[inside[last]], {"id": inside[last]}]))
        elif mistake == "deepen":
            for _ in range(draw(st.sampled_from([3, 90, 200]))):
                inside[last] = [inside[last]]
        else:
            document[str(last)] = copy.deepcopy(inside[last])
    return document


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """A text with some pieces cut out, doubled, exchanged or written over."""
    raw = text.encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(raw)), st.integers(0, len(raw)))))
        end = min(end, start + draw(st.sampled_from([0, 1, 2, 10, 100])))
        put = draw(st.binary(max_size=4) | YAML_TEXT.map(lambda piece: piece.encode("utf-8", "surrogatepass"))
                   | st.just(raw[start:end] * 2))  # fmt: skip
        raw = raw[:start] + put + raw[end:]
    return raw


def is_told_well(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        assert problem.line >= 1 <= problem.column
        assert problem.length >= 1
        assert problem.level in ("error", "warning")
        assert len(problem.text()) < 2_000
        assert all(line.isprintable() for line in problem.text().split("\n"))
        assert json.loads(json.dumps(problem.to_json()))["message"] == problem.message
    if problems:
        problem_listing.for_people(problems, in_colour=True).encode()
        assert problem_listing.as_annotations(problems).count("\n") == len(problems)


def judge(raw: bytes, path: str = "workstreams/x.yaml") -> None:
    """All that happens to a file's bytes, as far as it does not need a disk."""
    started = time.monotonic()
    document = yaml_documents.read(raw, path=path)
    problems = (*document.problems, *schema.check(document), *rules.check(document, TOOLS))
    assert document.is_readable or document.problems
    is_told_well(problems)
    if not any(problem.level == "error" for problem in problems):
        found = workstream_document.parse(
            document.data, source=path, prompts=dict.fromkeys(files(document.data), "text"), timeouts_s={}
        )
        assert found.id == document.data["id"]
    assert time.monotonic() - started < SECONDS


def files(data: dict[str, Any]) -> Iterator[str]:
    return (step["prompt_file"] for step in data["steps"] if "prompt_file" in step)


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(raw: bytes) -> None:
    judge(raw)


@pytest.mark.lane("fuzz")
@given(YAML_TEXT | st.text(max_size=100))
def test_any_text_is_judged(text: str) -> None:
    judge(text.encode("utf-8", "surrogatepass"))


@given(near_good())
def test_documents_near_a_good_one_are_judged(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    judge(text.encode(), "workstreams/x.json")
    judge(text.encode())


@given(near_good(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"]), st.sampled_from("\n\r"))
def test_documents_in_block_style_and_other_encodings_are_judged(
    document: dict[str, Any], encoding: str, line_end: str
) -> None:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, line_break=line_end)
    judge(text.encode(encoding, "replace"))


@given(damaged(yaml.safe_dump(GOOD, sort_keys=False)) | damaged(json.dumps(GOOD, indent=1)))
def test_damaged_texts_are_judged(raw: bytes) -> None:
    judge(raw)
    judge(raw, "workstreams/x.json")


@given(st.lists(near_good(), min_size=2, max_size=4), st.binary(max_size=20))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=max(10, settings().max_examples // 5))
def test_folders_of_documents_near_good_ones_are_judged(found: list[dict[str, Any]], prompt: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "workstreams").mkdir()
        (root / "prompts").mkdir()
        (root / "prompts/read.md").write_bytes(prompt)
        for index, document in enumerate([GOOD | {"id": "tidy", "depends_on": []}, *found]):
            (root / f"workstreams/{index}.json").write_text(json.dumps(document))
        started = time.monotonic()
        read = workstream_files.read(root, SETTINGS)
        assert time.monotonic() - started < SECONDS
        is_told_well(read.problems)
        assert list(read.problems) == sorted(read.problems)
        assert len({one.id for one in read.workstreams}) == len(read.workstreams)


def look(raw: bytes, name: str = "splinter.toml") -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(raw)
        started = time.monotonic()
        read, problems = own_settings.look(Path(folder))
        assert time.monotonic() - started < SECONDS
        assert read is not None or problems
        is_told_well(problems)


TOML_TEXT = st.lists(
    st.sampled_from(
        ["jobs", " = ", "=", "4", "\n", "\r\n", "[", "]", "[[", "]]", "{", "}", ", ", ".", '"', "'", '"""', "'''", "\\",
         "#", "tools", "identity", "inf", "nan", "0x", "1_0", "1e5", "2020-01-01", "T00:00:00", "true", "\t", "a", '"b"']
    ) | st.text(max_size=3),
    max_size=40,
).map("".join)  # fmt: skip


@given(damaged(SOUND_SETTINGS) | TOML_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_settings_are_judged(raw: bytes) -> None:
    look(raw)
    look(b"[tool.splinter]\n" + raw, "pyproject.toml")


@given(
    st.dictionaries(
        st.sampled_from(["jobs", "timezone", "base", "remote", "branch_prefix", "rebase", "identity", "tools"]),
        SCALARS | st.lists(SCALARS, max_size=3),
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["command", "args", "prompt_args", "env", "timeout", "version", "at_once", "leaves"]),
        SCALARS | st.lists(SCALARS, max_size=3),
        max_size=4,
    ),
)
def test_settings_of_every_type_are_judged(top: dict[str, Any], tool: dict[str, Any]) -> None:
    written = [f"{key} = {toml_of(value)}" for key, value in top.items()]
    written += ["[tools.x]", *(f"{key} = {toml_of(value)}" for key, value in tool.items())]
    look("\n".join(written).encode("utf-8", "surrogatepass"))


def toml_of(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return "2020-01-01" if value is None else json.dumps(value) if isinstance(value, bool | str) else repr(value)


def bomb(levels: int, start: str) -> str:
    lines = [f"a0: &a0 [{start}]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, levels)]
    return "\n".join(lines)


HEAD = "id: x\ntitle: x\nsteps: [{id: go, run: ls}]\n"
GLOBS = ", ".join(f"'**/*{n}*a*b/**/[a-z]{n}*'" for n in range(2_000))
EXTREMES = {
    "an alias bomb": bomb(30, "ha"),
    "a text bomb": bomb(9, "x" * 100_000),
    "aliases of a step": HEAD + "checks: [&a {id: a, tool: ruff, args: [" + "x, " * 900 + "]}" + ", *a" * 40 + "]",
    "a deep list": "[" * 10_000,
    "a deep mapping": "{a: " * 10_000,
    "deep blocks": "- " * 10_000,
    "deep keys": "".join(f"{' ' * n}a:\n" for n in range(1_300)),
    "open keys": "? " * 10_000,
    "a long line": "a: " + "x" * 990_000,
    "a long key": "x" * 500_000 + ": 1",
    "many keys": "".join(f"k{n}: 1\n" for n in range(60_000)),
    "many duplicates": HEAD + "id: x\n" * 20_000,
    "many anchors": "".join(f"k{n}: &a{n} x\n" for n in range(20_000)),
    "many steps": "id: x\ntitle: x\nsteps:\n" + "- {id: go, run: ls}\n" * 12_000,
    "many checks of tools that are none": HEAD + "checks: [" + "{id: a, tool: rufff}, " * 9_000 + "]",
    "many dependencies": HEAD + "depends_on: [" + ", ".join(f"x{n}" for n in range(40_000)) + "]",
    "many artifacts": HEAD + "artifacts: [" + ", ".join(f"docs/{n}/" for n in range(40_000)) + "]",
    "entangled patterns": HEAD + f"scope: {{modify: [{GLOBS}], forbid: [{GLOBS}]}}\n"
    + "artifacts: [" + ", ".join(f"x/y/{n}ab/z{n}" for n in range(2_000)) + "]",
    "patterns of stars": HEAD + "scope: {modify: ['" + "*a" * 450 + "'], forbid: ['" + "*a" * 449 + "b', '**/"
    + "?" * 400 + "']}\nartifacts: ['" + "a" * 900 + "', '" + "a/" * 450 + "b']",
    "a repeated word in a prompt": HEAD + "objective: '" + "{files} " * 100_000 + "'",
    "braces in a shell": HEAD.replace("ls", "'" + "{{{files" * 100_000 + "'"),
    "long cron fields": HEAD + "when: '" + "1," * 100_000 + "1 * * * *'",
    "a cron rule that is rare": HEAD + "when: 0 0 29 2 1#5",
    "a long branch": HEAD + "base: " + "a/" * 400_000 + "b",
    "escapes": '{"id": "' + "\\ud83d\\ude80" * 70_000 + '"}',
    "comments": "#" * 900_000,
    "blanks": " " * 900_000,
    "carriage returns": "\r" * 900_000,
}  # fmt: skip


# the folder of everything below holds all of them in each run; here each is judged alone, and as JSON
ALONE = ("an alias bomb", "a deep list", "many duplicates", "a cron rule that is rare", "escapes")


@pytest.mark.parametrize("name", deep.rows(EXTREMES, "fuzz", ordinary=ALONE))
def test_extremes_are_judged(name: str) -> None:
    judge(EXTREMES[name].encode())
    judge(EXTREMES[name].encode(), "workstreams/x.json")


def lay_out(root: Path) -> None:
    """A folder of workstreams in which nothing is as it should be."""
    folder = root / "workstreams"
    for index, (name, text) in enumerate(EXTREMES.items()):
        (folder / f"{index:02}-{name.replace(' ', '-')}.yaml").write_text(text)
    for name, raw in {
        "nul": b"id: \0", "bom": b"\xef\xbb\xbf" + HEAD.encode(), "crlf": HEAD.replace("\n", "\r\n").encode(),
        "utf16": HEAD.encode("utf-16"), "utf32": HEAD.encode("utf-32"), "latin1": "title: é".encode("latin-1"),
        "surrogate": b"title: \xed\xa0\x80", "escaped": b'title: "\\ud800"', "empty": b"", "random": bytes(range(256)),
        "new\nline": b"a: [", "::error::x": b"a: [", "\x1b[31m": b"a: [", "-rf": b"a: [", "x" * 250: b"a: [",
    }.items():  # fmt: skip
        (folder / f"{name}.yaml").write_bytes(raw)
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe.yaml")).write_bytes(b"a: [")
    (folder / "id.yaml").write_text(
        f"id: {'x' * 5000}\ntitle: x\ntool: replay\nsteps: [{{id: {'y' * 5000}, prompt: x}}]\n"
    )
    (folder / "prompts.yaml").write_text(
        "id: p\ntitle: x\ntool: agent\nsteps:\n"
        + "".join(f"- {{id: s{n}, prompt_file: {path}}}\n" for n, path in enumerate(
            ["pipe", "loop", "huge.md", "workstreams", "nul.md", "x" * 900, "/".join(["y"] * 400), "/dev/zero", "dev"]
        ))
    )  # fmt: skip
    os.mkfifo(folder / "pipe.yaml")
    os.mkfifo(root / "pipe")
    (folder / "folder.yaml").mkdir()
    for link, target in {
        folder / "loop.yaml": "loop.yaml", folder / "lost.yaml": "nowhere", folder / "dev.yaml": "/dev/zero",
        folder / "up.yaml": "..", root / "loop": "loop", root / "dev": "/dev/zero",
    }.items():  # fmt: skip
        link.symlink_to(target)
    (root / "nul.md").write_bytes(b"\0" * 100)
    for file in (folder / "huge.yaml", folder / "huge.json", root / "huge.md"):
        with file.open("wb") as stream:
            stream.truncate(100_000_000)


DEEP = pytest.mark.lane("fuzz")


@pytest.mark.lane("fuzz")
@pytest.mark.plain_user
@pytest.mark.parametrize("format", ["text", pytest.param("json", marks=DEEP), pytest.param("github", marks=DEEP)])
def test_a_folder_of_everything_is_judged_within_seconds_and_megabytes(world: World, format: str) -> None:
    (world.root / "workstreams").mkdir()
    lay_out(world.root)
    locked = world.write("workstreams/locked.yaml", HEAD)
    locked.chmod(0)
    status, seconds, megabytes, told = measured(world, "check", "--format", format)
    assert "Traceback" not in told
    assert status == 3
    assert seconds < 30
    assert megabytes < 300
    for name in ("nul", "pipe", "loop", "lost", "huge", "utf16", "prompts", "00-an-alias-bomb", "entangled-patterns"):
        assert name in told
    assert format != "json" or len(json.loads(told)) > 100
    assert "\x1b" not in told
    if os.geteuid():
        assert "workstreams/locked.yaml:1:1: cannot be read: Permission denied" in told or format != "text"


@pytest.mark.lane("fuzz")
def test_hostile_settings_end_check_and_run_with_a_sentence(world: World) -> None:
    world.write("workstreams/good.yaml", HEAD.replace("x", "good"))
    world.write("splinter.toml", "[tools]\nx = " + "[" * 100_000)
    for command in ("check", "run"):
        status, seconds, megabytes, told = measured(world, command)
        assert (status, told.count("splinter.toml:2:105: nested deeper than 100 levels\n")) == (3, 1)
        assert "Traceback" not in told
        assert seconds < 20
        assert megabytes < 200


# between us and the call: Linux counts the memory of the process that forked as the child's peak
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as told:
    print(os.waitstatus_to_exitcode(status), used.ru_maxrss, file=told)
"""


def measured(world: World, *arguments: str) -> tuple[int, float, float, str]:
    """Exit status, seconds, peak memory in megabytes, and all that was printed."""
    command = [sys.executable, "-c", MEASURE, world.home / "measured", sys.executable, "-m", "doit", *arguments]
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=world.root, env={**world.environ(), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
    )  # fmt: skip
    seconds = time.monotonic() - started
    status, peak = map(int, (world.home / "measured").read_text().split())
    return status, seconds, peak / (1024 if sys.platform != "darwin" else 1024 * 1024), done.stdout.decode()
