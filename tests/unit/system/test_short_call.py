"""Short calls: what they are given and not, what they print, and their end."""

import os
import signal
import subprocess
import sys
import time

import pytest

from splinter.errors import SplinterError
from splinter.system.process import capture

_INHERITED = """
import os, sys
reads, writes = os.pipe()
os.set_inheritable(writes, True)
from splinter.system.process import capture
done = capture(["sh", "-c", f"test -e /proc/self/fd/{writes} || echo closed"], env=dict(os.environ))
sys.stdout.buffer.write(done.stdout)
"""


def test_a_file_of_who_started_us_is_not_passed_on() -> None:
    done = subprocess.run([sys.executable, "-c", _INHERITED], capture_output=True, check=True)
    assert done.stdout == b"closed\n"


def test_all_is_written_and_read_at_once() -> None:
    data = os.urandom(1024) * 1024
    done = capture(["sh", "-c", "echo said >&2; cat; exit 3"], env=dict(os.environ), stdin=data)
    assert (done.stdout, done.stderr, done.exit_status) == (data, b"said\n", 3)


def test_much_is_written_to_one_that_takes_its_time() -> None:
    data = bytes(1024 * 1024)
    done = capture(["sh", "-c", "echo first; sleep 0.3; cat"], env=dict(os.environ), stdin=data, timeout_s=20)
    assert done.stdout == b"first\n" + data


def test_what_is_not_read_is_let_be() -> None:
    done = capture(["sh", "-c", "exec <&-; echo done"], env=dict(os.environ), stdin=bytes(1024 * 1024))
    assert done.stdout == b"done\n"


def test_it_has_a_session_of_its_own_and_ignores_no_signal_that_python_does() -> None:
    done = capture(["sh", "-c", 'cat /proc/$$/status; cut -d" " -f6 /proc/$$/stat; echo $$'], env=dict(os.environ))
    lines = done.stdout.decode().splitlines()
    ignored = int(next(line for line in lines if line.startswith("SigIgn:")).split()[1], 16)
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)
    assert lines[-1].strip() == lines[-2].strip()


def test_a_program_is_looked_for_on_the_path_that_it_is_given() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        capture(["no-such-program"], env=dict(os.environ))
    with pytest.raises(FileNotFoundError):
        capture(["sh", "-c", ""], env={"PATH": "/nowhere"})


def test_one_that_prints_without_end_is_ended_at_its_deadline() -> None:
    began = time.monotonic()
    with pytest.raises(SplinterError, match="did not end within 0 s"):
        capture(["sh", "-c", "while :; do echo more; done"], env=dict(os.environ), timeout_s=0.3)
    assert time.monotonic() - began < 10
