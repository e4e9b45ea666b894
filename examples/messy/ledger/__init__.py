"""A small ledger: entries read from text, totals by account."""
from .totals import balance, by_account
from .entries import Entry, parse, parse_line

__all__ = ['Entry', 'parse', 'parse_line', 'balance', 'by_account']
