from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from splinter.config import yaml_documents
from splinter.config.yaml_documents import Place, Problem

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\x7f")
TEXT = st.text(CHARACTERS, max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def read(text: str | bytes, path: str = "workstreams/x.yaml") -> yaml_documents.Document:
    return yaml_documents.read(text if isinstance(text, bytes) else text.encode(), path=path)


def messages(text: str | bytes, path: str = "workstreams/x.yaml") -> list[str]:
    return [problem.text() for problem in read(text, path).problems]


def test_scalars_are_json_s_and_all_else_stays_what_was_typed() -> None:
    text = (
        "[null, ~, , true, false, 0, -1, 1.5, 1e3, on, yes, Null, TRUE, 1_0, 0o7, 0x1, 012, +1, .5, .inf, 2020-01-01]"
    )
    assert read(text.replace(", ,", ",")).data == [
        None, None, True, False, 0, -1, 1.5, 1000.0, "on", "yes", "Null", "TRUE", "1_0", "0o7", "0x1", "012", "+1",
        ".5", ".inf", "2020-01-01",
    ]  # fmt: skip
    assert read("a:\nb: '5'\n12:30: 12:30\ntrue: x\n").data == {"a": None, "b": "5", "12:30": "12:30", "true": "x"}


def test_values_and_keys_know_their_places() -> None:
    document = read('id: x\nsteps:\n  - id: go\n    run: [ls, "-l"]  # list\n')
    assert document.place(("id",)) == Place(line=1, column=5, length=1)
    assert document.key_place(("steps",)) == Place(line=2, column=1, length=5)
    assert document.place(("steps", 0)) == Place(line=3, column=5, length=6)
    assert document.place(("steps", 0, "run", 1)) == Place(line=4, column=15, length=4)
    assert document.key_place(("steps", 0, "run", 1)) == document.place(("steps", 0, "run", 1))


def test_places_count_lines_as_editors_do() -> None:
    for line_end in ("\n", "\r\n", "\r"):
        assert read(f"a: 1{line_end}{line_end}b: 2{line_end}").place(("b",)) == Place(line=3, column=4, length=1)
    assert read("\ufeffa: 1\n").place(("a",)) == Place(line=1, column=4, length=1)


def test_aliases_stand_for_what_they_name_and_lead_to_its_place() -> None:
    document = read("a: &a {x: [1, 2]}\nb: [*a, *a]\n")
    assert document.data["b"] == [{"x": [1, 2]}, {"x": [1, 2]}]
    assert document.place(("b", 1)) == Place(line=2, column=9, length=2)
    assert document.place(("b", 1, "x", 1)) == Place(line=1, column=15, length=1)
    assert document.key_place(("b", 0, "x")) == Place(line=1, column=8, length=1)


def test_a_duplicate_key_is_reported_with_the_line_of_the_first() -> None:
    assert messages("id: a\nmetadata: {x: 1, x: 2}\nid: b\n") == [
        'workstreams/x.yaml:2:18: duplicate key "x"; first on line 2\n'
        "    metadata: {x: 1, x: 2}\n"
        "                     ^",
        'workstreams/x.yaml:3:1: duplicate key "id"; first on line 1\n    id: b\n    ^^',
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"id: \xe4", "workstreams/x.yaml:1:5: byte 0xe4 is not UTF-8; save the file as UTF-8"),
        ("id: é".encode("utf-16"), "workstreams/x.yaml:1:1: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"a: 1\nb: \0", "workstreams/x.yaml:2:4: character U+0000 is not allowed in YAML"),
        (b"a: \x1b[31m", "workstreams/x.yaml:1:4: character U+001B is not allowed in YAML"),
        (b"x" * 1_000_001, "workstreams/x.yaml:1:1: the file is larger than 1,000,000 bytes"),
    ],
)
def test_bytes_that_are_no_text_are_one_problem(raw: bytes, expected: str) -> None:
    assert messages(raw) == [expected]
    assert read(raw).data is None


def test_escapes_that_no_program_can_be_given_are_refused() -> None:
    assert messages('id: "a\\0b"\n') == [
        'workstreams/x.yaml:1:5: the text holds U+0000, which no program can be given\n    id: "a\\0b"\n        ^^^^^^'
    ]


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [" + ", ".join(["ha"] * 10) + "]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(9), "5:25: more than 50,000 values, those that aliases stand for included"),
        ("a: &a " + "x" * 900_000 + "\nb: [" + "*a, " * 1000 + "]", "2:21: more than 50,000 values, "
         "those that aliases stand for included"),
        ("[" + "1," * 60_000 + "]", "1:100000: more than 50,000 values, those that aliases stand for included"),
        ("[" * 400_000, "1:101: nested deeper than 100 levels"),
        ("- " * 300_000, "1:201: nested deeper than 100 levels"),
        ("a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60, "2:64: nested deeper than 100 levels"),
        ("a: &a [*a]", '1:8: alias "a" stands inside what it names'),
        ("a: *b", '1:4: unknown alias "b"'),
        ("a: " + "9" * 5000, "1:4: the number is too long"),
        ("a: 1e999", "1:4: the number is too large"),
        ("? [a]\n: 1", "1:3: a key must be text"),
        ("a: !!binary aGk=", '1:4: tag "tag:yaml.org,2002:binary" is not supported; leave it out'),
        ("a: 1\n---\nb: 2", "2:1: a second document; a file holds one"),
        ("a:\n\tb: 1", "2:1: invalid YAML: a tab cannot indent; use spaces"),
        ("a: @b", '1:4: invalid YAML: text with "@" in front needs quotes: write "@b"'),
        ("a: 1\nb: \"x\nc: 2", "2:4: invalid YAML: this quoted text is not closed"),
    ],
)  # fmt: skip
def test_yaml_that_is_not_read_is_one_problem_with_its_place(text: str, message: str) -> None:
    document = read(text)
    assert [problem.text().splitlines()[0] for problem in document.problems] == [f"workstreams/x.yaml:{message}"]
    assert document.data is None
    assert not document.is_readable


def test_merge_keys_are_plain_keys() -> None:
    assert read("a: &a {b: 1}\nc: {<<: *a}\n").data == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}


def test_an_emoji_in_json_s_two_escapes_is_read_and_moves_no_column() -> None:
    text = json.dumps({"title": "\U0001f680", "text": "\\ud83d\\ude80", "x": 1})
    document = read(text, "workstreams/x.json")
    assert document.data == {"title": "\U0001f680", "text": "\\ud83d\\ude80", "x": 1}
    assert document.key_place(("x",)).column == text.index('"x"') + 1


@given(JSON)
def test_every_json_text_reads_as_itself(data: object) -> None:
    document = read(json.dumps(data), "workstreams/x.json")
    assert document.problems == ()
    assert document.data == data


@given(st.binary(max_size=200) | TEXT.map(str.encode))
def test_no_bytes_at_all_raise(raw: bytes) -> None:
    document = read(raw)
    assert document.is_readable or document.problems
    for problem in document.problems:
        assert problem.line >= 1 <= problem.column
        assert all(line.isprintable() for line in problem.text().split("\n"))


def test_without_libyaml_the_same_documents_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &a {x: [1, on]}\nb: [*a]\nc: |\n  text\na: 2\n"
    with_libyaml = read(text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read(text) == with_libyaml
    assert read("[" * 10_000).problems == read("[" * 10_000).problems != ()


def test_a_problem_shows_its_line_without_indentation_and_carets_under_the_place() -> None:
    problem = Problem(
        path="workstreams/docs.yaml", line=4, column=7, length=11, source_line="tool: cluade-code",
        message='unknown tool "cluade-code"; did you mean "claude-code"?',
    )  # fmt: skip
    assert problem.text() == (
        'workstreams/docs.yaml:4:7: unknown tool "cluade-code"; did you mean "claude-code"?\n'
        "    tool: cluade-code\n"
        "          ^^^^^^^^^^^"
    )
    assert problem.to_json() == {
        "path": "workstreams/docs.yaml", "line": 4, "column": 7, "length": 11, "level": "error",
        "message": 'unknown tool "cluade-code"; did you mean "claude-code"?',
    }  # fmt: skip


def test_a_problem_steers_no_terminal() -> None:
    problem = Problem(
        path="a\x1b[2J.yaml", line=1, column=14, source_line="\t日本\x1b[31m\t\u202ex: é", message="m\r\x07"
    )
    assert problem.text() == "a�[2J.yaml:1:14: m��\n    日本�[31m �x: é\n                  ^"


def test_a_long_line_is_shown_around_the_place() -> None:
    first, line, carets = read("a: " + "x " * 5000 + ": 1").problems[0].text().splitlines()
    assert first.endswith('": " cannot stand here; align the line with its neighbours, or put the text in quotes')
    assert len(line) <= 164
    assert line[carets.index("^")] == ":"


def test_problems_sort_by_path_then_place() -> None:
    places = [("b", 1, 1), ("a", 10, 1), ("a", 2, 5), ("a", 2, 1)]
    problems = [Problem(path=path, line=line, column=column, message="m") for path, line, column in places]
    assert [(p.path, p.line, p.column) for p in sorted(problems)] == sorted(places)


def test_a_warning_says_so() -> None:
    problem = Problem(path="a.yaml", line=1, column=1, message="odd", level="warning")
    assert problem.text() == "a.yaml:1:1: warning: odd"
