"""``python -m ai_catalyst`` is ``catalyst``."""

from ai_catalyst.cli.main import main

if __name__ == "__main__":
    main()
