from __future__ import annotations

from types import SimpleNamespace

import pytest

from splinter.maintenance import doctor_services
from splinter.model.settings import Environment, Reports, Settings


@pytest.mark.parametrize(
    ("include", "recipients", "said"),
    [
        (("diffs", "logs", "words"), (), "holds diffs, logs and words (report.include)"),
        (("diffs",), ("a@example.org", "b@example.org"), "holds diffs (report.include); 2 recipients of mail get it"),
        ((), (), "holds no diffs, logs or agents' words (report.include)"),
    ],
)
def test_it_is_said_what_a_report_holds(include: tuple[str, ...], recipients: tuple[str, ...], said: str) -> None:
    outside = SimpleNamespace(
        settings=Settings(report=Reports(include=include)), environment=Environment(report_recipients=recipients)
    )
    assert doctor_services.report(SimpleNamespace(outside=outside)).message == said
