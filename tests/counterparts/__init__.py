"""Real counterparts on loopback: GitHub and Slack as the npm package `emulate` plays them."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
INSTALL = "npm ci --prefix tests/counterparts"  # stands in the reason of each skip that it ends
TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
GITHUB = {
    "tokens": {TOKEN: {"login": "octo", "scopes": ["repo"]}},
    "github": {"users": [{"login": "octo"}, {"login": "hubot"}, {"login": "monalisa"}]},
}
SLACK = {"slack": {"incoming_webhooks": [{"channel": "general"}]}}


@contextmanager
def emulated(service: str, seed: dict[str, object], folder: Path) -> Iterator[str]:
    """Run `emulate` for one service on a free port; yields its base URL without a slash at its end."""
    node = shutil.which("node", path=str(MODULES / ".bin"))
    if not node:
        pytest.skip(f"npm's emulate is not installed: {INSTALL}")
    seed_file = folder / f"{service}.json"
    seed_file.write_text(json.dumps(seed))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [node, str(MODULES / "emulate/dist/index.js"), "start", "--service", service, "--port", str(port)]
    with (folder / f"{service}.log").open("wb") as log:
        child = subprocess.Popen(
            [*command, "--base-url", url, "--seed", str(seed_file)],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait(child, port, folder / f"{service}.log")
        yield url
    finally:
        child.terminate()
        child.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(child: subprocess.Popen[bytes], port: int, log: Path, deadline_s: float = 30) -> None:
    end = time.monotonic() + deadline_s
    while time.monotonic() < end and child.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"emulate does not answer: {log.read_text()}")
