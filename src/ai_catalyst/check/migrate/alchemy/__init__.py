"""SQLAlchemy's sync sessions, queries and engines become those of its async part."""

from ai_catalyst.check.migrate.alchemy.engines import modernised
from ai_catalyst.check.migrate.alchemy.functions import in_async
from ai_catalyst.check.migrate.alchemy.survey import ALCHEMY, AlchemyMove, alchemy_move

__all__ = ["ALCHEMY", "AlchemyMove", "alchemy_move", "in_async", "modernised"]
