"""Run the test server by itself: ``python -m ai_catalyst.llm.testing --port 8080``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random

from ai_catalyst.llm.testing import Behaviour, ModelServer, Request


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A model server on loopback, for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--text", default="Hello.")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before the first byte")
    parser.add_argument("--tail", type=float, default=0.0, help="share of answers that come late")
    parser.add_argument("--tail-from", type=float, default=0.5, help="shortest late answer, s")
    parser.add_argument("--tail-to", type=float, default=1.5, help="longest late answer, s")
    parser.add_argument("--capacity", type=int, default=None, help="429 above so many in flight")
    parser.add_argument("--hang", action="store_true", help="never answer")
    return parser.parse_args()


def _chooser(options: argparse.Namespace) -> Behaviour | object:
    plain = Behaviour(text=options.text, delay_s=options.delay, hang=options.hang)
    if not options.tail:
        return plain
    dice = random.Random(0)  # noqa: S311 - the same tail in every run

    def choose(asked: Request) -> Behaviour:
        if dice.random() >= options.tail:
            return plain
        late = dice.uniform(options.tail_from, options.tail_to)
        return Behaviour(text=options.text, delay_s=late)

    return choose


async def _serve(options: argparse.Namespace) -> None:
    server = ModelServer(_chooser(options), capacity=options.capacity, port=options.port)  # type: ignore[arg-type]
    async with server:
        print(server.url, flush=True)  # noqa: T201 - the answer to who started it
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_options()))
