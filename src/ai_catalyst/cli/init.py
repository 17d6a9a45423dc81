"""``catalyst init``: write a commented settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["init"]

TEMPLATE = """\
# Settings of AI Catalyst. A flag beats an environment variable, which beats this file.
# Delete what you do not need: every key has a default. `catalyst config` shows what is in force.

async:
  max_concurrent: 5       # documents at once
  timeout: 30s            # fetch and extract of one document

rate_limiting:            # how fast one host is asked
  rps: 10
  burst: 5

cache:
  l1_size_mb: 256         # memory
  ttl_scraped: 604800     # seconds a web page is remembered

output: output            # folder of the reports
privacy: auto             # personal data is taken out before anything goes to the cloud; or: off
# budget_usd: 5.00        # stop before a run costs more than this
# model: none             # never ask a model

# feeds:                  # read when `catalyst run` names no source
#   - https://example.org/feed.xml

# endpoints:              # models, tried in this order: local, then network, then cloud
#   - name: workstation
#     tier: local
#     url: http://127.0.0.1:11434/v1
#     model: llama3.2
#   - name: openai
#     tier: cloud
#     url: https://api.openai.com/v1
#     model: gpt-4o-mini
#     # The key comes from OPENAI_API_KEY; never write it here.
"""


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("catalyst.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented settings file."""
    from ai_catalyst.errors import UserError
    from ai_catalyst.io.files import write_atomic

    if path.exists() and not force:
        raise UserError(f"{str(path)!r} is there already; --force replaces it")
    write_atomic(path, TEMPLATE.encode())
    typer.echo(f"wrote {path}; `catalyst config` shows what is in force")
