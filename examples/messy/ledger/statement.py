"""A statement for people."""
from typing import List
import re, textwrap
from .totals import by_account, balance
from .entries import parse
from decimal import Decimal


def money(amount: Decimal) -> str:
    """Two places, with the sign in front."""
    return "{:+.2f}".format(amount)


def statement(text: str, width: int = 30) -> str:
    """One line an account, and the balance below a rule."""
    entries = parse(text)
    lines: List[str] = []
    for name, amount in by_account(entries).items():
        lines.append('{}{}'.format(name, money(amount).rjust(width - len(name))))
    lines.append('-' * width)
    lines.append(money(balance(entries)).rjust(width))
    return "\n".join(lines)
