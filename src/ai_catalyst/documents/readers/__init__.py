"""One file a format: each module here offers its `Reader` objects in ``READERS``.

A new format is one new module; `registry` finds it by itself.
"""
