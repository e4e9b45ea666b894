"""Entries and how they are read."""
import os, sys
from typing import List, Optional
from decimal import Decimal
from datetime import date
import json


class Entry(object):
    """One line of the ledger."""

    def __init__(self, day, account, amount, note = None):
        self.day = day
        self.account = account
        self.amount = amount
        self.note = note

    def __repr__(self):
        return "Entry(%r, %r, %r)" % (self.day, self.account, self.amount)

    def __eq__(self, other):
        if isinstance(other, Entry):
            return (self.day, self.account, self.amount, self.note) == (other.day, other.account, other.amount, other.note)
        else:
            return NotImplemented


def parse_line(line: str) -> Optional[Entry]:
    """Read `2024-01-31 food 12.50 lunch`; nothing for an empty line or a comment."""
    text = line.strip()
    if text == '' or text.startswith('#') == True:
        return None
    parts = text.split(None, 3)
    if not len(parts) >= 3:
        raise ValueError("not an entry: {}".format(line))
    if len(parts) == 4:
        note = parts[3]
    else:
        note = None
    return Entry(date.fromisoformat(parts[0]), parts[1], Decimal(parts[2]), note)


def parse(text: str) -> List[Entry]:
    """Read every entry of a text, in its order."""
    entries = list([parse_line(line) for line in text.splitlines()])
    return [entry for entry in entries if not entry == None]
