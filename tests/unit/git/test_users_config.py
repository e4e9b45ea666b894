"""What of the user's config is handed to git beside ours."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from splinter.git import remotes, users_config

LEFT = "AUTHORIZATION: basic bGVmdA=="
OURS = remotes.auth_env("https://github.com/octo/project", "x-access-token", "made-up")


def handed(*entries: tuple[str, str]) -> list[tuple[str, str]]:
    env = users_config.variables(entries, OURS)
    return [(env[f"GIT_CONFIG_KEY_{n}"], env[f"GIT_CONFIG_VALUE_{n}"]) for n in range(int(env["GIT_CONFIG_COUNT"]))]


OWN = (OURS["GIT_CONFIG_KEY_0"], OURS["GIT_CONFIG_VALUE_0"])


@pytest.mark.parametrize(
    "key",
    ["http.https://github.com/.extraheader", "http.extraheader", "http.https://github.com/octo/project.extraheader",
     "http.https://*.com/.extraheader"],
)  # fmt: skip
def test_one_authorization_header_goes_to_a_host(key: str) -> None:
    assert handed((key, LEFT)) == [OWN]


@pytest.mark.parametrize(
    ("key", "value"),
    [("http.https://github.com/.extraheader", "X-Proxy: yes"), ("http.https://example.org/.extraheader", LEFT),
     ("http.extraheader", ""), ("http.https://github.com/.proxy", "http://127.0.0.1:1")],
)  # fmt: skip
def test_any_other_header_stays(key: str, value: str) -> None:
    assert handed((key, value)) == [(key, value), OWN]


def test_without_a_token_the_users_header_stays() -> None:
    assert users_config.variables([("http.extraheader", LEFT)], {})["GIT_CONFIG_VALUE_0"] == LEFT


def test_git_sends_one_header(tmp_path: Path) -> None:
    """Asked of git itself, by a server that counts them."""
    seen: list[list[str]] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get_all("Authorization") or [])
            self.send_error(404)

        def log_message(self, *words: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    ours = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"http.{url}.extraheader", "GIT_CONFIG_VALUE_0": OWN[1]}
    env = users_config.variables([(f"http.{url}.extraheader", LEFT)], ours)
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0"}
    subprocess.run(["git", "ls-remote", f"{url}x.git"], env={**plain, **env}, capture_output=True, check=False)
    server.shutdown()
    server.server_close()
    assert seen[0] == [f"basic {base64.b64encode(b'x-access-token:made-up').decode()}"]
