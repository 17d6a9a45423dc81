"""Articles that two feeds name, when two workers read the feeds: the later one is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ai_catalyst.analysis.understanding import Understanding
from ai_catalyst.store.article_rows import identity_of

if TYPE_CHECKING:
    from ai_catalyst.cluster.shard_rows import ShardRows
    from ai_catalyst.store.shared import SharedStore

__all__ = ["drop_repeats"]

_decoder = msgspec.json.Decoder(Understanding)


async def drop_repeats(store: SharedStore, rows: ShardRows, run: str) -> None:
    """Leave each article of a run once, where it was named first: as one reader of all would."""
    seen: set[str] = set()
    repeated: list[int] = []
    async for item in store.stream_run(run):
        if item.value is None or _decoder.decode(item.value).read is None:
            continue  # a file or a page that a person named, or one that failed
        name = identity_of(item.uri, "", "", "")
        if name in seen:
            repeated.append(item.position)
        seen.add(name)
    if repeated:
        await rows.drop_items(repeated)
