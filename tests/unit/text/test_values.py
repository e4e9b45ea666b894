"""`${{ NAME }}` in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.text import values
from splinter.text.values import Reference

DOLLARS_AND_BRACES = st.text(alphabet="${} ax", max_size=12)
KNOWN = {"matrix.package": "packages/api", "a": "$", "x": "${{ a }}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("update ${{ matrix.package }} now", "update packages/api now"),
        ("${{matrix.package}}/**", "packages/api/**"),
        ("${{ matrix.package }}${{ matrix.package }}", "packages/apipackages/api"),
        ("$${{ matrix.package }}", "${{ matrix.package }}"),
        ("$$${{ matrix.package }}", "$packages/api"),
        ("$$$${{ matrix.package }}", "$${{ matrix.package }}"),
        ("$5 {{ mustache }} $", "$5 {{ mustache }} $"),
        ("${{ x }}", "${{ a }}"),  # a value is never read for names
        ("${{ a }}{{ x }}", "${{ x }}"),  # nor together with what follows it
    ],
)
def test_a_text_is_filled_once(text: str, expected: str) -> None:
    assert values.plain(values.filled(text, KNOWN)) == expected


def test_what_is_not_known_yet_stays_and_is_filled_later() -> None:
    later = values.filled("$${{ a }}: ${{ x }} of ${{ steps.find.outputs.count }}", KNOWN)

    assert [one.name for one in values.references(later)] == ["steps.find.outputs.count"]
    with pytest.raises(KeyError, match=r"steps\.find\.outputs\.count"):
        values.plain(later)
    assert (
        values.plain(values.filled(later, {"steps.find.outputs.count": "${{ x }}"})) == "${{ a }}: ${{ a }} of ${{ x }}"
    )


def test_a_reference_says_where_it_stands_and_whether_it_ends() -> None:
    assert values.references("a $${{ b }} $$${{ c }}") == (Reference(name="c", at=14),)
    assert values.references("an ${{ open one\n}}") == (Reference(name="", at=3, is_closed=False),)


@given(literal=DOLLARS_AND_BRACES, value=DOLLARS_AND_BRACES, end=DOLLARS_AND_BRACES)
def test_parts_come_back_from_what_is_written(literal: str, value: str, end: str) -> None:
    text = values.written([literal, value, Reference(name="late"), end])

    assert [one.name for one in values.references(text)] == ["late"]
    assert values.plain(values.filled(text, {"late": value})) == literal + value + value + end
