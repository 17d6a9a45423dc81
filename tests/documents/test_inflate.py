from __future__ import annotations

import gzip
import io
import random
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.documents.inflate import inflate_head, open_gzip
from ai_catalyst.errors import FileError

MIB = 2**20


def inflated(data: bytes, *, cap: int = 1024 * MIB, ratio: int = 200, piece: int = 65536) -> bytes:
    with open_gzip(io.BytesIO(data), "f.gz", cap, ratio) as file:
        return b"".join(iter(lambda: file.read(piece), b""))


def read_to_error(file: BinaryIO, size: int) -> tuple[bytes, FileError]:
    got = b""
    try:
        while piece := file.read(size):
            got += piece
    except FileError as error:
        return got, error
    raise AssertionError("no error came")


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=4), st.integers(1, 3000))
def test_members_one_after_another_are_read_as_one_stream(parts: list[bytes], piece: int) -> None:
    data = b"".join(map(gzip.compress, parts))
    assert inflated(data, piece=piece) == b"".join(parts)


def test_zeros_and_junk_after_the_last_member_are_ignored() -> None:
    assert inflated(gzip.compress(b"words") + b"\0" * 512 + b"junk") == b"words"


@pytest.mark.parametrize("left", [5, 12, 400, 999])
def test_a_torn_file_gives_what_it_has_and_then_an_error(left: int) -> None:
    noise = random.Random(3).randbytes(1000)
    torn = gzip.compress(noise)[:left]
    with open_gzip(io.BytesIO(torn), "f.gz", MIB, 200) as file:
        got, error = read_to_error(file, 64)
    assert "ends too early" in str(error)
    assert noise.startswith(got)
    assert len(got) > left - 50


def test_damaged_data_is_an_error() -> None:
    data = bytearray(gzip.compress(random.Random(1).randbytes(5000)))
    data[2000] ^= 0xFF
    with pytest.raises(FileError, match="damaged"):
        inflated(bytes(data))


def test_a_bomb_ends_when_it_passes_its_ratio() -> None:
    bomb = gzip.compress(b"\0" * (64 * MIB), 9)
    assert len(bomb) < 100_000
    with open_gzip(io.BytesIO(bomb), "f.gz", 10**12, 200) as file:
        got, error = read_to_error(file, MIB)
    assert error.kind == "too_large"
    assert len(got) < 40 * MIB


def test_a_small_dense_file_is_no_bomb() -> None:
    assert len(inflated(gzip.compress(b"\0" * (4 * MIB)))) == 4 * MIB


def test_the_decoded_size_is_capped_whatever_the_ratio() -> None:
    with pytest.raises(FileError, match="far more"):
        inflated(gzip.compress(random.Random(2).randbytes(3 * MIB)), cap=2 * MIB)


def test_the_head_of_what_is_no_gzip_is_empty() -> None:
    assert inflate_head(b"\x1f\x8bnonsense", 100) == b""
    assert inflate_head(gzip.compress(b"abcdef"), 3) == b"abc"
