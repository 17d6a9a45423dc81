"""Sums of money: weak, because they seldom tell who somebody is; the ``recall`` preset takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["CODES", "amounts"]

CODES = words(
    "EUR USD GBP CHF PLN TRY TRL YTL SEK NOK DKK ISK CZK SKK HUF RON BGN HRK RSD ATS DEM FRF ITL ESP NLG BEF GRD "
    "FIM IEP PTE JPY CNY INR RUB UAH CAD AUD NZD ZAR BRL MXN ARS KRW SGD HKD THB ILS AED SAR EGP NGN KES"
)
"""Currencies as ISO 4217 writes them, some of the past included."""

_BEFORE = re.compile(rf"(?:(?<![\w])(?:{'|'.join(sorted(CODES))})[ ]?|[$€£¥₹])\Z")
_AFTER = re.compile(
    rf"[ ]?(?:[$€£¥₹]|(?:(?:[^\W\d_]+[ ]){{0,2}}(?:euros?|dollars?|pounds(?: sterling)?|francs?|(?:[Tt]urkish )?[Ll]iras?|"
    rf"zlotys?|kronor|kroner|krona|krone|schillings?|marks?|rubles?|roubles?|yen|yuan|rupees?|pesos?|forints?|lei|leva)"
    rf"|{'|'.join(sorted(CODES))})(?!\w))(?:[ ]\((?:{'|'.join(sorted(CODES))})\))?"
)


def amounts(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find sums with a currency before or after them."""
    text = reading.text
    for cluster in reading.clusters:
        start, end = cluster.start, cluster.end
        before = _BEFORE.search(text, max(0, start - 4), start)
        after = _AFTER.match(text, end)
        if before or after:
            yield Spot(
                "AMOUNT",
                before.start() if before else start,
                after.end() if after else end,
                0.35,
                "amount",
            )
