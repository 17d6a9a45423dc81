"""Many texts go to worker processes, in order, and give what they give here."""

import asyncio

from ai_catalyst import PIIProcessor
from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.offload import INLINE, SHARD, detect_many, shards


def test_shards_keep_the_order_and_lose_nothing():
    texts = [str(n) * (n % 7 * 5000) for n in range(60)]
    parts = list(shards(texts))
    assert [text for part in parts for text in part] == texts
    assert all(sum(map(len, part[:-1])) < SHARD for part in parts)


async def test_a_large_batch_gives_the_same_as_one_by_one():
    scrubber = Scrubber(allow=["help@example.com"], ner=False)
    line = "John Smith, user{}@example.com, help@example.com, 555-01{:02d}. "
    texts = [line.format(n, n % 100) * 20 for n in range(60)]
    assert sum(map(len, texts)) > INLINE
    found = [findings async for _, findings in detect_many(scrubber, texts)]
    expected = await asyncio.to_thread(lambda: [scrubber.detect(text) for text in texts])
    assert found == expected


async def test_a_large_batch_of_the_processor_is_in_order():
    texts = [f"user{n}@example.com " * 100 for n in range(40)]
    results = await PIIProcessor().batch_scrub_texts_async(texts)
    assert results == ["<EMAIL> " * 100] * 40
    assert results[3].findings[0].text == "user3@example.com"
