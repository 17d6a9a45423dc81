"""A shard's places as a stream of sources that know where in the run they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_catalyst.cluster.places import Place, as_place, position
from ai_catalyst.cluster.stream import ShardStream
from ai_catalyst.documents.locating import expand
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.engine.commits import describe

NOTES = "".join(f'{{"text": "{"The lamp was cleaned again. " * 4}{n}"}}\n' for n in range(3))


@pytest.fixture
def places(tmp_path: Path) -> list[Place]:
    """Three sources, numbered from ten on: a text, a file of three records, a text."""
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "b.jsonl").write_text(NOTES)
    (tmp_path / "c.txt").write_text("last")
    return [as_place(number, one) for number, one in enumerate(expand([tmp_path]), 10)]


def key(source: Any) -> bytes:
    return f"key of {source.uri.rpartition('/')[2]}".encode()


async def read(stream: ShardStream) -> list[tuple[str, int, str]]:
    """Return name, position and error of everything in a stream."""
    found = []
    async for source in stream:
        error = describe(source.error) if isinstance(source, BadSource) else ""
        found.append((source.uri.rpartition("/")[2], stream.positions[-1], error))
    return found


async def test_each_document_stands_at_its_source_and_its_place_therein(
    places: list[Place],
) -> None:
    assert await read(ShardStream(places, {}, key=key)) == [
        ("a.txt", position(10, 0), ""),
        ("b.jsonl#0", position(11, 0), ""),
        ("b.jsonl#1", position(11, 1), ""),
        ("b.jsonl#2", position(11, 2), ""),
        ("c.txt", position(12, 0), ""),
    ]


async def test_what_is_not_wanted_keeps_its_place_free(places: list[Place]) -> None:
    stream = ShardStream(places, {}, key=key, wanted=lambda one: not one.uri.endswith("#1"))
    found = await read(stream)
    assert [where for _, where, _ in found] == [
        position(10, 0),
        position(11, 0),
        position(11, 2),
        position(12, 0),
    ]


async def test_a_poisoned_source_is_not_read_and_fails_in_its_place(places: list[Place]) -> None:
    poisons = {(places[1].uri, b""): "it kills"}
    assert await read(ShardStream(places, poisons, key=key)) == [
        ("b.jsonl", position(11, 0), "WorkerCrashed: it kills"),
        ("a.txt", position(10, 0), ""),
        ("c.txt", position(12, 0), ""),
    ]


async def test_a_poisoned_record_leaves_the_others_of_its_file_alone(places: list[Place]) -> None:
    poisons = {("whatever", b"key of b.jsonl#1"): "it kills"}
    found = await read(ShardStream(places, poisons, key=key))
    assert found[2] == ("b.jsonl#1", position(11, 1), "WorkerCrashed: it kills")
    assert [error for _, _, error in found].count("") == 4
