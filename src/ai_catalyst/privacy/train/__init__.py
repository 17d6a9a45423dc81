"""How the data files of this package are made: ``python -m ai_catalyst.privacy.train``."""
