"""``from ai_catalyst.guard import LoopGuard``: the loop watchdog, which lives in the engine."""

from ai_catalyst.engine.guard import LoopGuard, Stall

__all__ = ["LoopGuard", "Stall"]
