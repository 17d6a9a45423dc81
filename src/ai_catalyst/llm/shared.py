"""What all calls of one provider have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ai_catalyst.engine import Retry
from ai_catalyst.llm.faults import worth_another_try

if TYPE_CHECKING:
    from ai_catalyst.llm.budget import Budget
    from ai_catalyst.llm.gate import Gate
    from ai_catalyst.llm.ledger import Ledger
    from ai_catalyst.llm.memo import Memo

__all__ = ["Shared"]


class Shared(msgspec.Struct):
    """The gate, the memory, the purse and the books; ``patient`` is for who must slow down."""

    gate: Gate
    memo: Memo
    budget: Budget
    ledger: Ledger
    retry: Retry = Retry(attempts=3, cap_s=8.0, on=worth_another_try)
    patient: Retry = Retry(attempts=10, cap_s=8.0, on=worth_another_try)
