"""What steps write to $SPLINTER_OUTPUT: read as it is documented, and every bad line told with its number."""

from __future__ import annotations

import pytest

from splinter.text import outputs

GOOD = {
    b"": {},
    b"a=1": {"a": "1"},
    b"a=1\n\nb-c=x=y <<z\n": {"a": "1", "b-c": "x=y <<z"},
    b"a=\n": {"a": ""},
    b"a=1\na=2\n": {"a": "2"},
    b"a<<EOF\nx\n\ny=1\nEOF\nb=2\n": {"a": "x\n\ny=1", "b": "2"},
    b"a<<EOF\nEOF": {"a": ""},
    b"a<<E=F\nx\nE=F\n": {"a": "x"},
    b"a=1\r\nb<<EOF\r\nx\r\nEOF\r\n": {"a": "1", "b": "x"},
    "a=é ${{ matrix.x }} $(id) `id` %".encode(): {"a": "é ${{ matrix.x }} $(id) `id` %"},
}
BAD = {
    b"names": 'line 1 is "names"; write NAME=value, or NAME<<EOF, the text, and a line EOF',
    b"a=1\n 1a=x": 'line 2 names the output " 1a"; a name has letters',
    b"../../x=1": 'line 1 names the output "../../x"',
    b"=1": 'line 1 names the output ""',
    b"a=1\nb<<EOF\nx\n": 'line 2 begins a text with "b<<EOF", and no line "EOF" ends it',
    b"a=1\nb=\xff": "line 2 is not UTF-8",
    b"a=x\0y": "line 1 gives a a NUL",
    b"a=" + b"x" * 65_537: "line 1 gives a more than 64 kB",
    b"\n".join(b"a%d=" % number for number in range(65)): "it names 65 outputs; a step has at most 64",
}


@pytest.mark.parametrize(("data", "found"), GOOD.items())
def test_lines_and_blocks_are_read_as_github_reads_them(data: bytes, found: dict[str, str]) -> None:
    assert outputs.parsed(data) == found
    assert outputs.are_sound(found)


@pytest.mark.parametrize(("data", "said"), BAD.items(), ids=[said[:30] for said in BAD.values()])
def test_a_bad_line_is_told_with_its_number(data: bytes, said: str) -> None:
    with pytest.raises(outputs.UnreadableOutputsError) as told:
        outputs.parsed(data)
    assert str(told.value).startswith(said)


def test_two_outputs_are_never_one_variable() -> None:
    assert outputs.variable("find-all", "new-names") == "OUTPUT_FIND_ALL_NEW_NAMES"
    assert outputs.clash("find", ["a"], {"fin": {"d-a": ""}, "x": None}) == ""
    said = "a-b and b of find-a would both be $OUTPUT_FIND_A_B"
    assert outputs.clash("find", ["a-b"], {"find-a": {"b": ""}}) == said
    assert outputs.clash("find", ["names", "NAMES"], {}) == "NAMES and names of find would both be $OUTPUT_FIND_NAMES"


def test_what_is_read_back_from_elsewhere_is_held_to_the_same_form() -> None:
    assert outputs.are_sound(None)
    for bad in ({"../x": "1"}, {"a": 1}, {"a": "\0"}, {"a": "\ud800"}, {"a": "x" * 65_537}, [], {"a" * 101: ""}):
        assert not outputs.are_sound(bad), bad
    assert outputs.are_all_sound({"find": {"a": "1"}, "no": None})
    for of_steps in ({"../x": {}}, {"find": {"../x": "1"}}, {"find": []}, [], None):
        assert not outputs.are_all_sound(of_steps), of_steps
