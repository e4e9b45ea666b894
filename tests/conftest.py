"""Guards for every test: no network but loopback, no real home, no tokens, a fixed identity."""

from __future__ import annotations

import compileall
import itertools
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from splinter.model import registry
from splinter.model.settings import _OF_CI
from splinter.text.counts import plural
from tests.counterparts import INSTALL
from tests.paths import ROOT
from tests.world import World

pytest.register_assert_rewrite("tests.situations")  # what the rows of test_situations.py look at

LEFT_OUT = pytest.StashKey[str]()
HOMES = itertools.count()
SECRETS = (*registry.SECRETS, "GH_TOKEN")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lane", action="append", default=[], help="also run the deep tests of this lane (or `all`)")


def pytest_configure(config: pytest.Config) -> None:
    """Generated examples: few and always the same ones in ordinary runs, many and new ones with `--lane fuzz`."""
    hypothesis.settings.register_profile("ordinary", deadline=None, derandomize=True, database=None, max_examples=12)
    hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=2000)
    lanes = set(config.getoption("--lane"))
    hypothesis.settings.load_profile("fuzz" if lanes & {"fuzz", "all"} else "ordinary")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell's script starts with `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)  # else no doit that a test starts hears of Ctrl-C
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False  # else each run, and each process of it, rewrites the asserts of all tests
        if not hasattr(config, "workerinput"):
            compileall.compile_dir(ROOT / "splinter", quiet=2)  # else each `doit` compiles all of it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deep tests of lanes that nobody asked for are left out, and told of in one line at the end."""
    asked = set(config.getoption("--lane"))
    lanes = {item: marker.args[0] for item in items if (marker := item.get_closest_marker("lane"))}
    left_out = [item for item, lane in lanes.items() if not asked & {lane, "all"}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
        names = ", ".join(sorted({lanes[item] for item in left_out}))
        said = f"{plural(len(left_out), 'deep test was', 'deep tests were')} left out; --lane NAME runs them: {names}, or all"
        config.stash[LEFT_OUT] = said
        if hasattr(config, "workeroutput"):  # in a process of xdist's
            config.workeroutput["left out"] = said


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each process of xdist's leaves out the same."""
    if said := getattr(node, "workeroutput", {}).get("left out"):
        node.config.stash[LEFT_OUT] = said


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """What was not run, behind the list of what was skipped."""
    yield
    if said := terminalreporter.config.stash.get(LEFT_OUT, ""):
        terminalreporter.write_line(said)
    skipped = terminalreporter.stats.get("skipped", [])
    missed = [one for one in skipped if INSTALL in str(one.longrepr)]
    if missed:
        many = plural(len(missed), "test was", "tests were")
        terminalreporter.write_line(f"{many} skipped for want of npm's packages; this brings them: {INSTALL}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Neighbours go to the same process, for the sake of what a module's tests share; who is done first takes over."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(autouse=True)
def sealed_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private home and state folder, an environment without secrets, and sockets to loopback only."""
    home = tmp_path_factory.mktemp(f"home{next(HOMES)}", numbered=False)  # numbering reads the names of all before
    for name in list(os.environ):
        if name.startswith(("GIT_", "SMTP_", "SPLINTER_", "GITHUB_", "DOIT_")) or name in (*SECRETS, *_OF_CI):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("GIT_TEST_FSYNC", "0")  # git's own: what a test itself commits need outlive no power cut
    # most stories are about something else, and a sandbox for each command takes time; by hand: all of them in it
    monkeypatch.setenv("SPLINTER_SANDBOX", os.environ.get("TEST_SANDBOX", "off"))
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Test User\n\temail = test@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if self.family != getattr(socket, "AF_UNIX", None) and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address!r}")
        real_connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)
    return home


@pytest.fixture
def world(tmp_path: Path, sealed_world: Path) -> World:
    return World(tmp_path / "project", sealed_world)
