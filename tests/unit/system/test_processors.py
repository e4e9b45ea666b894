"""How many processors there are: by the kernel's word, and by the quota of the group that we are in."""

import os
from pathlib import Path

import pytest

from splinter.system import processors


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "250000 100000\n"}, (2.5,)),
        ("0::/\n", {"cpu.max": "max 100000\n"}, ()),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "100000 100000\n"}, (1.0,)),
        ("0::/../outside\n", {"cpu.max": "100000 100000\n"}, (1.0,)),
        (
            "9:memory:/d\n4:cpu,cpuacct:/d\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "150000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            (1.5,),
        ),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, ()),
        ("0::/\n", {"cpu.max": "nonsense"}, ()),
        ("garbage\n", {}, ()),
    ],
)
def test_a_quota_is_found_where_the_group_or_one_above_it_has_one(
    tmp_path: Path, lines: str, files: dict[str, str], expected: tuple[float, ...]
) -> None:
    (tmp_path / "own").write_text(lines)
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text)
    assert processors.quota(tmp_path / "own", tmp_path / "groups") == expected


def test_there_is_one_at_least_and_no_more_than_the_machine_has() -> None:
    assert processors.quota(Path("/nowhere"), Path("/nowhere")) == ()
    assert 1 <= processors.available() <= (os.cpu_count() or 1)
