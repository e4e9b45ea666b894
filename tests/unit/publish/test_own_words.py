"""The user's own title and first words of a pull request."""

from __future__ import annotations

from splinter.config import rules, yaml_documents
from splinter.model.records import WorkstreamRecord
from splinter.publish import pull_request_body
from splinter.publish.pull_request_body import Around

RECORD = WorkstreamRecord(workstream="w", title="Title", outcome="changed", objective="Why.")


def test_the_body_begins_with_the_user_s_markdown_and_another_title_is_known() -> None:
    plain = pull_request_body.body(RECORD, run="r", reproduce="doit w", definition="d")
    around = Around(first="**Ask** #1.\n", title="feat: x")
    own = pull_request_body.body(RECORD, run="r", reproduce="doit w", definition="d", around=around)
    assert own.index("\n\n**Ask** #1.\n\n") < own.index("Why.")
    assert pull_request_body.own_part(own) == own
    titles = [pull_request_body.hidden(one, "title") for one in (plain, own)]
    assert titles[0] != titles[1]
    assert pull_request_body.title(RECORD, "feat: x") == "feat: x"
    assert pull_request_body.title(RECORD) == "Title"


def test_a_body_with_a_mark_of_ours_is_a_problem_at_its_place() -> None:
    text = "id: w\npull_request:\n  body: 'x <!--  splinter:end -->'\n"
    found = rules.check(yaml_documents.read(text.encode(), path="w.yaml"), {})
    assert [one.text().splitlines()[0] for one in found] == [
        'w.yaml:3:9: a body holds no comment that begins with "<!-- splinter:", a mark of its own'
    ]
