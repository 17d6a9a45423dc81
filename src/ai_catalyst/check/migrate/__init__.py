"""Make blocking code async: what is done and open, and the rewrites that are safe."""

from ai_catalyst.check.migrate.checklist import Item, checklist
from ai_catalyst.check.migrate.run import Migration, migrate

__all__ = ["Item", "Migration", "checklist", "migrate"]
