"""The report on disk: `reports/<run>/` with report.md, report.json and index.html, and `reports/latest`."""

from __future__ import annotations

import shutil
from pathlib import Path

from splinter.engine.outside import Outside
from splinter.errors import PublishError
from splinter.model import layout
from splinter.model.records import RunRecord
from splinter.publish import report
from splinter.publish.report_contents import Contents
from splinter.system.files import exclude_from_git, make_ignored_folder, write_whole
from splinter.text.redact import Masked


def write(outside: Outside, record: RunRecord, contents: Contents) -> Path:
    """Write report.md, report.json and index.html of a run, and let `reports/latest` name them."""
    folder = outside.repository.root / layout.REPORTS / record.run
    if folder.parent.is_dir() and not (folder.parent / ".gitignore").exists():
        for name in (layout.LATEST, "[0-9]*-[0-9]*-*/"):  # a folder that the user has his own files in
            exclude_from_git(outside.repository.common, f"/{layout.REPORTS}/{name}")
    else:
        make_ignored_folder(folder.parent)
    mask = outside.redactor.text
    _write_page(folder / "report.md", mask(report.report_markdown(record, contents)))
    _write_page(
        folder / "report.json", Masked(report.report_json(record, contents))
    )  # its values are masked, its form stays
    _write_page(folder / "index.html", mask(report.index_html(record, contents)))
    _point(folder.parent / layout.LATEST, folder)
    return folder


def _write_page(file: Path, text: Masked) -> None:
    write_whole(file, text)


def _point(latest: Path, folder: Path) -> None:
    """Let `latest` name a folder: a symlink, or a copy where the system makes none."""
    temporary = latest.with_name(".latest")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(folder.name, target_is_directory=True)
    except OSError:
        shutil.copytree(folder, temporary)
    if latest.is_dir() and not latest.is_symlink():
        if not (latest / "report.json").is_file():
            raise PublishError(f"{layout.REPORTS}/{latest.name} is a folder that is not ours; move it away")
        shutil.rmtree(latest)
    temporary.replace(latest)
