from __future__ import annotations

import os
import pickle
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from splinter.config import settings_file, tool_profiles
from splinter.errors import InputError
from splinter.model.settings import Identity, Settings
from splinter.model.tool import Tool


def refused(root: Path) -> str:
    with pytest.raises(InputError) as error:
        settings_file.read(root)
    return str(error.value)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert settings_file.read(tmp_path) == settings_file.defaults()
    assert (Settings().jobs, Settings().branch_prefix, Settings().source) == (None, "splinter/", None)
    assert settings_file.defaults().tools == tool_profiles.shipped()


def test_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text(
        'jobs = 8\ntimezone = "Europe/Berlin"\nbranch_prefix = "bot/"\nremote = "upstream"\nbase = "develop"\n'
        'rebase = "conflict"\npull_requests = "each"\nsandbox = "off"\nenv = ["PIP_INDEX_URL"]\nforge_wait = "20m"\n'
        'claim_slots = true\nslot_lease = "168h"\ncatch_up = "none"\n'
        '[identity]\nname = "Bot"\nemail = "bot@example.org"\n'
        '[tools.ruff]\ntimeout = "5m"\n[tools.prettier]\ncommand = "prettier"\nargs = ["--write"]\n'
    )
    read = settings_file.read(tmp_path)
    assert read == Settings(
        jobs=8, timezone="Europe/Berlin", branch_prefix="bot/", remote="upstream", base="develop", rebase="conflict",
        env=("PIP_INDEX_URL",), sandbox="off", forge_wait_s=1200.0,
        claim_slots=True, slot_lease_s=604800.0, catch_up="none",
        identity=Identity(name="Bot", email="bot@example.org"), tools=read.tools, source="splinter.toml",
    )  # fmt: skip
    assert read.tools["ruff"].timeout_s == 300.0
    assert read.tools["prettier"] == Tool(name="prettier", command="prettier", args=("--write",))
    assert str(read.zone) == "Europe/Berlin"
    assert pickle.loads(pickle.dumps(read)) == read


def test_settings_may_stand_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.splinter]\njobs = 2\n')
    assert settings_file.read(tmp_path).jobs == 2
    assert settings_file.read(tmp_path).source == "pyproject.toml"


def test_a_pyproject_of_others_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert settings_file.read(tmp_path) == settings_file.defaults()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "splinter-user"\n')
    assert settings_file.read(tmp_path) == settings_file.defaults()


def test_settings_in_two_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text("jobs = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.splinter]\njobs = 2\n")
    assert refused(tmp_path) == (
        "splinter.toml:1:1: settings stand here and in pyproject.toml ([tool.splinter]); keep one of them\n"
        "    jobs = 1\n    ^"
    )


def test_all_mistakes_are_reported_at_once_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text(
        "# mistakes\njbos = 3\njobs = 0\n"
        'timezone = "Europe/Berln"\nbranch_prefix = "-x/"\nremote = "a b"\npull_requests = "togther"\n'
        'sandbox = "bublewrap"\nrebase = "never"\nidentity = { name = "Bot\\n" }\n'
        '[tools.ruff]\ntimeout = "5 m"\nargz = []\nat_once = 0\n'
    )
    assert refused(tmp_path) == "\n".join(
        [
            'splinter.toml:2:1: unknown key "jbos"; did you mean "jobs"?\n    jbos = 3\n    ^^^^',
            "splinter.toml:3:8: 0 is too small; the least is 1\n    jobs = 0\n           ^",
            'splinter.toml:4:12: unknown time zone "Europe/Berln"; use an IANA name such as "Europe/Berlin"\n'
            '    timezone = "Europe/Berln"\n               ^^^^^^^^^^^^^^',
            'splinter.toml:5:17: branch prefix "-x/" starts with "-", which git would read as an option\n'
            '    branch_prefix = "-x/"\n                    ^^^^^',
            'splinter.toml:6:10: remote "a b" holds a blank, a control character or one of ~ ^ : ? * [ \\; '
            'use a name that "git remote" lists\n    remote = "a b"\n             ^^^^^',
            'splinter.toml:7:17: "togther" is not one of each, together; did you mean "together"?\n'
            '    pull_requests = "togther"\n                    ^^^^^^^^^',
            'splinter.toml:8:11: "bublewrap" is not one of auto, bubblewrap, off; did you mean "bubblewrap"?\n'
            '    sandbox = "bublewrap"\n              ^^^^^^^^^^^',
            'splinter.toml:9:10: "never" is not one of behind, conflict\n    rebase = "never"\n             ^^^^^^^',
            'splinter.toml:10:12: missing key "email"\n    identity = { name = "Bot\\n" }\n               ^^^^^^^^^^^^^^^^^^',
            'splinter.toml:10:21: "Bot\\n" is not allowed here: it is one line that is not blank and '
            'holds no < or >\n    identity = { name = "Bot\\n" }\n                        ^^^^^^^',
            'splinter.toml:12:11: "5 m" is not allowed here: a duration is seconds (90 or 90s), minutes (20m), hours '
            '(2h) or days (14d), whole, more than 0, without blanks; did you mean "5m"?\n    timeout = "5 m"\n              ^^^^^',
            'splinter.toml:13:1: unknown key "argz"; did you mean "args"?\n    argz = []\n    ^^^^',
            "splinter.toml:14:11: 0 is too small; the least is 1\n    at_once = 0\n              ^",
        ]
    )


def test_profiles_are_judged_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.splinter.tools.lint]\nargs = ["x"]\n[tool.splinter.tools."My Tool"]\ncommand = "x"\n'
    )
    assert refused(tmp_path) == (
        'pyproject.toml:3:22: "My Tool" is not allowed here: a tool\'s name has up to 63 of a-z, 0-9 and "-", and '
        'does not start with "-"; did you mean "my-tool"?\n    [tool.splinter.tools."My Tool"]\n                         ^^^^^^^^^'
    )
    (tmp_path / "pyproject.toml").write_text('[tool.splinter.tools.lint]\nargs = ["x"]\n')
    assert refused(tmp_path) == (
        'pyproject.toml:1:22: tool "lint" has no command\n    [tool.splinter.tools.lint]\n                         ^^^^'
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"jobs = \n", "splinter.toml:1:8: invalid TOML: Invalid value\n    jobs =\n           ^"),
        (b'timezone = "\xff"\n', "splinter.toml:1:1: the file is not UTF-8"),
        (b"tools = 5\n", "splinter.toml:1:9: expected a mapping, found a whole number\n    tools = 5\n            ^"),
        (b"jobs = 2020-01-01\n", "splinter.toml:1:8: expected a whole number, found a date or time\n"
         "    jobs = 2020-01-01\n           ^^^^^^^^^^"),
        (b"base = 5\n", "splinter.toml:1:8: expected text, found a whole number; write base = \"5\"\n"
             "    base = 5\n           ^"),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_clear_message(tmp_path: Path, raw: bytes, message: str) -> None:
    (tmp_path / "splinter.toml").write_bytes(raw)
    assert refused(tmp_path) == message


def test_placeholders_are_judged_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text(
        '[tools.agent]\ncommand = "agent"\nprompt_args = [\n  "--print",  # [not this]\n  "{promt}", \'{zzz}\',\n]\n'
        'args = ["x", "--files={files}"]\n'
    )
    assert refused(tmp_path) == "\n".join(
        [
            'splinter.toml:5:3: unknown placeholder "{promt}"; did you mean "{prompt}"?\n'
            "    \"{promt}\", '{zzz}',\n    ^^^^^^^^^",
            'splinter.toml:5:14: unknown placeholder "{zzz}"; known are {prompt}, {prompt_file}, {files}, {model}, '
            "{max_turns}, {budget_usd}, {junit}, {recorded}, {fenced}, {unfenced}\n    \"{promt}\", '{zzz}',\n               ^^^^^^^",
            'splinter.toml:7:14: "{files}" must be an argument of its own: it becomes one a file\n'
            '    args = ["x", "--files={files}"]\n                 ^^^^^^^^^^^^^^^^^',
        ]
    )


def test_places_are_found_whatever_stands_around_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "splinter"\nreadme = """\n[tool.splinter]\njobs = 1\n"""\nkeywords = ["[[", \'a\',]\n'
        '[[tool.x]]\ny.z = {a = 1, b = [1, {c = 2}]}\n[[tool.x]]\n"tool.splinter" = 2020-01-01 00:00:00\n'
        '[ tool . "splinter" ]\n jobs=0\n'
    )
    assert refused(tmp_path) == "pyproject.toml:13:7: 0 is too small; the least is 1\n    jobs=0\n         ^"


HOSTILE = {
    "a long number": b"jobs = " + b"9" * 900_000,
    "a long float": b"jobs = 1." + b"9" * 900_000,
    "deep lists": b"jobs = " + b"[" * 450_000,
    "deep tables": b"jobs = " + b"{a=" * 200_000,
    "deep dotted keys": b"a." * 400_000 + b"a = 1",
    "a deep header": b"[" + b"a." * 400_000 + b"a]",
    "many headers": b"".join(b"[a.b.c%d]\n" % number for number in range(80_000)),
    "an open text": b'jobs = """' + b'""a' * 300_000,
    "an open text with escapes": b'jobs = "' + b"\\\\" * 400_000,
    "blanks": b"jobs =" + b" " * 900_000,
    "comments": b"#\n" * 400_000 + b"jobs = 0",
    "NULs": b"jobs = 1\0\0",
    "latin-1": b'timezone = "\xe4"',
    "UTF-16": "jobs = 1\n".encode("utf-16"),
    "a surrogate": b'timezone = "\\ud800"',
    "an impossible date": b"jobs = 2020-02-30",
    "a long zone": b'timezone = "' + b"x" * 900_000 + b'"',
    "a huge file": b"#" * 1_000_001,
    "dates in a set": b"[tools.x]\ncommand = 'x'\nenv = [2020-01-01, 2020-01-01]",
    "infinity": b"[tools.x]\ncommand = 'x'\nat_once = inf\ntimeout = nan",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_settings_are_refused_in_moderate_time_and_words(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "splinter.toml").write_bytes(raw)
    started = time.monotonic()
    told = refused(tmp_path)
    assert told.startswith("splinter.toml:")
    assert len(told) < 60_000
    assert time.monotonic() - started < 60


def test_settings_that_are_no_file_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "splinter.toml"
    os.mkfifo(file)
    assert refused(tmp_path) == "splinter.toml:1:1: is not a file"
    file.unlink()
    file.mkdir()
    assert refused(tmp_path) == "splinter.toml:1:1: is not a file"
    file.rmdir()
    file.symlink_to(file)
    assert refused(tmp_path) == "splinter.toml:1:1: is a loop of symlinks"
    file.unlink()
    file.symlink_to("/")
    assert refused(tmp_path) == "splinter.toml:1:1: is a symlink that leaves the repository"
    file.unlink()
    with file.open("wb") as stream:
        stream.truncate(10**9)
    assert refused(tmp_path) == "splinter.toml:1:1: the file is larger than 1,000,000 bytes"
    file.unlink()
    os.mkfifo(tmp_path / "pyproject.toml")
    assert settings_file.read(tmp_path) == settings_file.defaults()


def test_of_settings_with_a_mistake_the_tools_are_known(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text("jobs = 0\n[tools.own]\n[tools.other]\ncommand = 5\n")
    known, problems = settings_file.look(tmp_path)
    assert known is not None
    assert {"own", "other", "ruff"} <= set(known.tools)
    assert [problem.line for problem in problems] == [1, 4]
    (tmp_path / "splinter.toml").write_text("jobs = \n")
    assert settings_file.look(tmp_path)[0] is None


def test_the_environment_is_parsed() -> None:
    read = settings_file.environment(
        {
            "GITHUB_TOKEN": "ghp_secret\n", "GITHUB_REPOSITORY": "octo/cat", "GITHUB_API_URL": "http://127.0.0.1:1",
            "SMTP_HOST": "mail", "SMTP_PORT": "25", "SMTP_SECURITY": "NONE", "REPORT_RECIPIENTS": "a@x.org, b@y.org,",
            "SPLINTER_NOW": "2026-01-31T03:00:00+01:00", "SLACK_WEBHOOK_URL": "",
        }
    )  # fmt: skip
    assert (read.github_token, read.github_repository, read.github_api_url) == (
        "ghp_secret", "octo/cat", "http://127.0.0.1:1",
    )  # fmt: skip
    assert (read.smtp_host, read.smtp_port, read.smtp_security) == ("mail", 25, "none")
    assert read.report_recipients == ("a@x.org", "b@y.org")
    assert read.now == datetime(2026, 1, 31, 2, tzinfo=UTC)
    assert (read.variable("SLACK_WEBHOOK_URL"), read.smtp_user) == (None, None)


@pytest.mark.parametrize("value", ["bot@x.org", "<bot@x.org>", 'A "Bot" <bot@x.org>', '"A. Bot" <bot@x.org>'])
def test_a_sender_may_have_a_name(value: str) -> None:
    sender = settings_file.environment({"SMTP_FROM": value}).smtp_from
    assert sender
    assert (sender.email, sender.name) == ("bot@x.org", value.partition("<")[0].strip(' "').replace("bot@x.org", ""))


def test_an_empty_environment_has_defaults() -> None:
    read = settings_file.environment({})
    assert (read.smtp_port, read.smtp_security, read.report_recipients, read.now) == (587, "starttls", (), None)
    assert read.secrets() == ()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SMTP_PORT", "mail", 'SMTP_PORT is "mail"; it must be a port from 1 to 65535'),
        ("SMTP_PORT", "70000", 'SMTP_PORT is "70000"; it must be a port from 1 to 65535'),
        ("SMTP_SECURITY", "tls", 'SMTP_SECURITY is "tls"; it must be starttls, ssl, none or '
         'none-anywhere'),
        ("SMTP_FROM", "Bot <bot@example.org", 'SMTP_FROM is "Bot <bot@example.org"; write bot@example.org or Name '
         "<bot@example.org>"),
        ("REPORT_RECIPIENTS", "a@x.org, b\nBcc: c@x.org", 'REPORT_RECIPIENTS holds "b\\nBcc: c@x.org", which is not an '
         "address; write a@example.org, b@example.org"),
        ("GITHUB_REPOSITORY", "cat", 'GITHUB_REPOSITORY is "cat"; it must be owner/name'),
        ("SLACK_WEBHOOK_URL", "hooks/secret", "SLACK_WEBHOOK_URL is not an http or https address"),
        ("SPLINTER_NOW", "2026-01-31T03:00:00", 'SPLINTER_NOW is "2026-01-31T03:00:00"; it must be a time with its '
         "offset, such as 2026-01-31T02:00:00Z"),
        ("SPLINTER_NOW", "soon", 'SPLINTER_NOW is "soon"; it must be a time with its offset, such as '
         "2026-01-31T02:00:00Z"),
    ],
)  # fmt: skip
def test_a_malformed_variable_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        settings_file.environment({name: value})
    assert str(error.value) == message


def test_secrets_are_listed_and_never_shown() -> None:
    secrets = {
        "GITHUB_TOKEN": "ghp_one", "SMTP_PASSWORD": "pass_two", "SENDGRID_API_KEY": "SG.three",
        "SLACK_WEBHOOK_URL": "https://example.org/four", "HEALTHCHECK_URL": "https://example.org/five",
    }  # fmt: skip
    read = settings_file.environment({**secrets, "MODEL_API_KEY": "sk-six", "MODEL_NAME": "seven"})
    assert read.secrets() == tuple(secrets.values())
    assert read.secrets(("MODEL_API_KEY", "MODEL_NAME", "OTHER_KEY")) == (*secrets.values(), "sk-six")
    assert not [value for value in (*secrets.values(), "sk-six") if value in repr(read)]


def test_a_child_gets_an_allow_listed_environment() -> None:
    caller = {
        "PATH": os.pathsep.join(["/usr/bin", ".", "", "bin"]), "HOME": "/home/me", "LANG": "C", "LC_ALL": "C",
        "TERM": "xterm", "GITHUB_TOKEN": "ghp_one", "GIT_DIR": "/x", "MODEL_API_KEY": "sk-two", "OTHER": "x",
    }  # fmt: skip
    own = str(Path(sys.executable).parent)
    assert settings_file.environment(caller).child_environment(("MODEL_API_KEY", "GIT_DIR", "UNSET")) == {
        "PATH": os.pathsep.join([own, "/usr/bin"]), "HOME": "/home/me", "LANG": "C", "LC_ALL": "C", "TERM": "dumb",
        "MODEL_API_KEY": "sk-two",
    }  # fmt: skip


def test_a_child_learns_of_the_place_that_it_runs_in() -> None:
    place = {
        "CI": "true", "GITHUB_ACTIONS": "true", "NO_COLOR": "1", "https_proxy": "http://proxy", "HTTPS_PROXY": "http://p",
        "NO_PROXY": "localhost", "no_proxy": "localhost", "ALL_PROXY": "socks5://p", "SSL_CERT_FILE": "/c.pem",
        "SSL_CERT_DIR": "/c", "REQUESTS_CA_BUNDLE": "/c.pem", "CURL_CA_BUNDLE": "/c.pem", "NODE_EXTRA_CA_CERTS": "/c.pem",
    }  # fmt: skip
    read = settings_file.environment({**place, "MODE": "x", "PATH": "/usr/bin"})
    assert place.items() <= read.child_environment(()).items()
    # and no result is paid for twice because of it, whoever names it
    assert read.plain_values((*place, "MODE")) == {"MODE": "x"}
    assert read.runner() == {"CI": "true", "GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("http://me:pass-w%40rd@proxy:3128", ("me:pass-w%40rd", "pass-w%40rd", "pass-w@rd")),
        ("me:password@proxy:3128", ("me:password",)),
        ("http://proxy:3128", ()),
        ("http://me@proxy:3128", ()),
    ],
)
def test_a_password_in_an_address_that_programs_get_is_a_secret(value: str, masked: tuple[str, ...]) -> None:
    assert settings_file.environment({"https_proxy": value}).secrets() == masked
    assert settings_file.environment({"PIP_INDEX_URL": value}).secrets(("PIP_INDEX_URL",)) == masked


def test_a_variable_of_gits_is_refused_in_the_settings_too(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text('env = ["CI", "GIT_DIR"]\n')
    assert 'GIT_DIR" never reaches a tool: it would steer git' in refused(tmp_path)


def test_this_python_s_folder_is_put_on_path_once() -> None:
    own = str(Path(sys.executable).parent)
    caller = {"PATH": os.pathsep.join(["/usr/bin", own])}
    assert settings_file.environment(caller).child_environment(())["PATH"] == caller["PATH"]


def test_the_process_s_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    assert settings_file.environment().smtp_host == "mail.example.org"
