"""Made-up secrets in every variable, printed in many ways by a tool: nothing that is kept or sent shows one."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller

from tests import deep
from tests.counterparts import TOKEN, free_port
from tests.counterparts.scripted import Answer, scripted
from tests.stories.test_story_github import NAME, call, forked, github  # noqa: F401
from tests.world import World

CANARY = 'canary/made+up=4f"9c2d'
NAMES = ("ANTHROPIC_API_KEY", "SMTP_PASSWORD", "SENDGRID_API_KEY", "MY_OWN_TOKEN", "MY_OTHER_SECRET")

PRINTER = """#!{python}
import base64, json, os, sys, time, urllib.parse
if "--version" in sys.argv: sys.exit(print("printer 1"))
for name in {names!r}:
    value = os.environ.get(name)
    if not value: continue
    raw = value.encode()
    ways = [
        value, base64.b64encode(raw).decode(), base64.urlsafe_b64encode(b"ab" + raw).decode(), raw.hex(),
        urllib.parse.quote(value, safe=""), json.dumps({{"said": value}}), value[:7] + "\\n" + value[7:],
        base64.encodebytes(b"some words in front of it that make the line long " + raw).decode(),
    ]
    for way in ways:
        print(name, way)
        for piece in way:  # a byte at a time: split across reads
            sys.stdout.write(piece); sys.stdout.flush()
        print()
        sys.stderr.write(way + "\\n")
{more}
"""


def forms(secret: str) -> Iterator[bytes]:
    """What must be found nowhere; line ends are taken out of what is searched."""
    raw = secret.encode()
    yield from (raw, raw.hex().encode(), quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode())
    for front in (b"", b"a", b"ab"):
        start, stop = -(-len(front) * 8 // 6), (len(front) + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(front + raw)[start:stop]


def holds(data: bytes, secret: str) -> bool:
    flat = data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\\n", b"")
    return any(form in flat or form in data for form in forms(secret))


def leaks(world: World, *texts: str) -> list[str]:
    """Everything kept under the project that shows a secret, and those of `texts` that do."""
    secrets = [*(f"{CANARY}{name}" for name in NAMES), TOKEN]
    found = []
    for folder in (".splinter", "reports"):
        for file in sorted(path for path in (world.root / folder).rglob("*") if path.is_file()):
            found += [f"{file}: {one}" for one in secrets if holds(file.read_bytes(), one)]
    dump = ""
    for name in ("history.db", "memory.db"):
        db = sqlite3.connect(world.root / ".splinter" / name)
        dump += "\n".join(db.iterdump())
        db.close()
    return found + [text for text in (dump, *texts) if any(holds(text.encode(), one) for one in secrets)]


@contextmanager
def mails() -> Iterator[tuple[int, list[str]]]:
    """A mail server on loopback: its port, and the text of each letter that it got."""
    letters: list[str] = []

    class Box:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
            letters.extend([str(letter), *(part.get_content() for part in letter.walk() if not part.is_multipart())])
            return "250 OK"

    controller = Controller(Box(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port, letters
    finally:
        controller.stop()


def printer(world: World, more: str) -> None:
    program = world.home / "printer"
    program.write_text(PRINTER.format(python=sys.executable, names=(*NAMES, "GITHUB_TOKEN"), more=more))
    program.chmod(0o755)
    world.env |= {name: f"{CANARY}{name}" for name in NAMES}
    world.write("splinter.toml", f'[tools.printer]\ncommand = "{program}"\nprompt_args = ["{{prompt}}"]\nretries = 0\n')


MAKES = 'open("made.txt", "w").write("harmless")'
FAILS = 'sys.exit("it failed: " + os.environ["MY_OWN_TOKEN"])'
LEAVES = 'open("README.md", "w").write(os.environ["MY_OWN_TOKEN"] + "\\n")'
NAMED = 'open(base64.urlsafe_b64encode(os.environ["MY_OWN_TOKEN"].encode()).decode(), "w").write("x")'


ENDS = {"succeeds": MAKES, "fails": FAILS, "out of scope": LEAVES, "in a name": NAMED}


@pytest.mark.parametrize("end", deep.rows(ENDS, "attacks", ordinary=("succeeds", "in a name")))
def test_a_printed_secret_is_found_nowhere(forked: World, github: str, end: str) -> None:  # noqa: F811
    world, more = forked, ENDS[end]
    printer(world, more)
    (world.root / "workstreams/tidy.yaml").unlink()
    world.workstream(
        "w", env=[*NAMES, "GITHUB_TOKEN"], scope={"modify": ["*.txt", "*=*"]},
        steps=[{"id": "ask", "prompt": "Print all you know.", "tool": "printer"}],
        checks=[{"id": "look", "tool": "printer", "args": ["--all"]}],
    )  # fmt: skip
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    with scripted(lambda asked: Answer(body="ok")) as slack, mails() as (port, letters):
        world.env |= {
            "SLACK_WEBHOOK_URL": f"{slack.url}/services/T000/B000/made-up-webhook-secret",
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none", "REPORT_RECIPIENTS": "a@example.org",
        }  # fmt: skip
        told = [world.doit(), world.doit("why", "w"), world.doit("history", "--json"), world.doit("run", "--dry-run")]
    texts = [one.out + one.err for one in told]
    texts += [asked.body.decode() for asked in slack.asked] + letters
    texts += [json.dumps(call(github, "GET", f"/repos/{NAME}/pulls?state=all"))]
    texts += [world.git("log", "-p", "--all", "--format=fuller"), world.git("for-each-ref")]
    assert slack.asked
    assert letters
    assert leaks(world, *texts) == []
    assert "made-up-webhook-secret" not in "".join(texts)
    assert (world.records()["w"]["outcome"] == "changed") is (more == MAKES), world.records()["w"]
    log = next((world.root / ".splinter/runs").glob("*/w/ask.log")).read_text()
    assert all(f"{name} ***" in log for name in (*NAMES, "GITHUB_TOKEN")), "each was printed"


def test_a_secret_that_stands_in_the_yaml_itself_is_shown_by_nothing(world: World) -> None:
    """doit prints and keeps what a task is made of; so does git, for what was accepted."""
    secret = world.env["MY_OWN_TOKEN"] = f"{CANARY}MY_OWN_TOKEN".replace('"', "")
    world.workstream(
        "w", title=f"Title {secret}", env=["MY_OWN_TOKEN"], metadata={"key": secret},
        steps=[{"id": "one", "run": f"echo {secret[:20]} {secret} > /dev/null; echo x >> a.txt"}],
        checks=[{"id": "look", "run": f"echo {secret}; test -f a.txt"}],
    )  # fmt: skip
    world.commit()
    told = [
        world.doit(), world.doit("list", "--all"), world.doit("info", "w:one"), world.doit("why", "w"),
        world.doit("run", "-a", "--dry-run"), world.doit("plan"), world.doit("show"), world.doit("check"),
        world.doit("clean", "--dry-run", "w"),
    ]  # fmt: skip
    assert told[0].status == 0, told[0]
    world.workstream("w", title=f"Title {secret}", steps=[{"id": "one", "run": f"echo {secret}", "tool": secret}])
    told += [world.doit(), world.doit("check")]
    texts = [one.out + one.err for one in told]
    assert [text for text in texts if holds(text.encode(), secret)] == []
    rows = (world.root / ".doit.db").read_bytes()
    kept = world.git("for-each-ref", "--format=%(contents)", "refs/splinter/accepted/", "refs/splinter/results/")
    assert kept.startswith("splinter accepted w")
    assert [place for place, data in (("rows", rows), ("refs", kept.encode())) if holds(data, secret)] == []
    files = [path for folder in (".splinter", "reports") for path in (world.root / folder).rglob("*") if path.is_file()]
    assert [path for path in files if holds(path.read_bytes(), secret)] == []


def test_the_search_finds_what_it_looks_for() -> None:
    for number, form in enumerate(forms(CANARY)):
        assert holds(b"x" + form[:9] + b"\n" + form[9:], CANARY), number
    assert not holds(b"harmless" * 100, CANARY)
