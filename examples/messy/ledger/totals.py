"""Sums over entries."""
from ledger.entries import Entry
from typing import Dict, Iterable, Union
import collections
from decimal import Decimal

def balance(entries: Iterable[Entry], account: Union[str, None] = None) -> Decimal:
    """Sum the amounts, of one account where it is named."""
    total = Decimal("0")
    for entry in entries:
        if account != None:
            if entry.account != account:
                continue
        total = total + entry.amount
    return total


def by_account(entries: Iterable[Entry]) -> Dict[str, Decimal]:
    """Sum the amounts of each account, accounts sorted."""
    sums = collections.defaultdict(lambda: Decimal("0"))
    for entry in entries:
        sums[entry.account] += entry.amount
    result = dict([(name, sums[name]) for name in sorted(sums.keys())])
    return result
