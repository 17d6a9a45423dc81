"""The command line: parses, composes the rooms below, draws progress; no logic of its own."""
