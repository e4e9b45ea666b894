import pytest, datetime
from decimal import Decimal
from ledger.statement import statement
from ledger import Entry, balance, by_account, parse, parse_line

TEXT = """
# January
2024-01-02 food 12.50 lunch
2024-01-03 rent -700
2024-01-09 food 7.25
"""


def test_entries_are_read_in_their_order():
    assert [entry.account for entry in parse(TEXT)] == ["food", "rent", "food"]


def test_a_comment_is_no_entry():
    assert parse_line("# nothing") == None


def test_the_note_is_kept():
    entry = parse_line("2024-01-02 food 12.50 lunch with Ada")
    assert entry == Entry(datetime.date(2024, 1, 2), "food", Decimal("12.50"), "lunch with Ada")


def test_a_short_line_is_refused():
    with pytest.raises(ValueError, match = "not an entry: 2024-01-02 food"):
        parse_line("2024-01-02 food")


def test_totals_by_account():
    assert by_account(parse(TEXT)) == {"food": Decimal("19.75"), "rent": Decimal("-700")}
    assert balance(parse(TEXT), "food") == Decimal("19.75")


def test_the_statement_ends_with_the_balance():
    assert statement(TEXT, 20).splitlines() == [
        "food          +19.75", "rent         -700.00", "--------------------", "             -680.25"]
