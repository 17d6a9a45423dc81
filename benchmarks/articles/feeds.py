"""Feeds: how many of feedparser's own tests hold, how fast, and what the worst of feeds cost.

Run ``python -m benchmarks.articles feeds``. The tests are those of ``feeds/feeds.tar.gz`` in the
folder of test data. Peers (feedparser, fastfeedparser) are measured where ``--peers PYTHON`` is an
interpreter that has them; contestants take turns in processes of their own, a figure is the median.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.articles.feed_files import made_up_feeds
from benchmarks.articles.oracle import case_of, holds

__all__ = ["main", "test_data"]

ROUNDS = 5
_SANITISING = "/sanitize/"

_CONTESTANT = """
import sys, time
name, *paths = sys.argv[1:]
if name == "ours":
    from ai_catalyst.documents.feeds import parse_feed as parse
elif name == "lxml alone":
    from lxml.etree import fromstring as parse
elif name == "fastfeedparser":
    from fastfeedparser import parse
else:
    import feedparser
    plain = {"sanitize_html": False, "resolve_relative_uris": False} if "plain" in name else {}
    parse = lambda data: feedparser.parse(data, **plain)
files = [open(path, "rb").read() for path in paths]
for _ in sys.stdin:
    seconds = []
    for data in files:
        times = 1
        while True:
            started = time.process_time()
            for _ in range(times):
                parse(data)
            taken = time.process_time() - started
            if taken > 0.05:
                break
            times *= 4
        seconds.append(taken / times)
    print(*seconds, flush=True)
"""


def test_data() -> Path | None:
    """Return the folder of test data, None where there is none."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CATALYST_TEST_DATA", default))
    return folder if folder.is_dir() else None


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", metavar="PYTHON", help="has feedparser and fastfeedparser")
    options = parser.parse_args()
    data = test_data()
    if data is None:
        print("no test data: only the speed, and what hostile feeds cost")
    archive = None if data is None else data / "feeds" / "feeds.tar.gz"
    if archive is not None:
        _accuracy(archive)
    with tempfile.TemporaryDirectory() as scratch:
        _speed(Path(scratch), options.peers)
    _worst(archive)


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of each file of an archive."""
    with tarfile.open(archive) as packed:
        for member in packed:
            file = packed.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


def _accuracy(archive: Path) -> None:
    held, asked = Counter[str](), Counter[str]()
    for name, data in members(archive):
        case = case_of(data)
        if case is not None:
            kind = "HTML sanitising" if _SANITISING in f"/{name}" else "all others"
            asked[kind] += 1
            held[kind] += holds(case)
    for kind in asked:
        share = held[kind] / asked[kind]
        print(f"feedparser's tests, {kind}: {held[kind]} of {asked[kind]} hold ({share:.1%})")


def _speed(scratch: Path, peers: str | None) -> None:
    made = made_up_feeds()
    paths = []
    for number, data in enumerate(made.values()):
        paths.append(scratch / f"feed-{number}.xml")
        paths[-1].write_bytes(data)
    names = {"ours": sys.executable, "lxml alone": sys.executable}
    if peers:
        plain = "feedparser, plain"
        names |= dict.fromkeys(("feedparser", plain, "fastfeedparser"), peers)
    else:
        print("feeds: --peers PYTHON is not given; feedparser and fastfeedparser are left out")
    turns = {name: _contestant(name, python, paths) for name, python in names.items()}
    taken: dict[str, list[list[float]]] = {name: [] for name in turns}
    for _ in range(ROUNDS):
        for name, process in turns.items():
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            taken[name].append([float(word) for word in process.stdout.readline().split()])
    for process in turns.values():
        process.communicate()
    _show_speed(list(made), taken)


def _contestant(name: str, python: str, paths: list[Path]) -> subprocess.Popen[str]:
    command = [python, "-c", _CONTESTANT, name, *map(str, paths)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _show_speed(kinds: list[str], taken: dict[str, list[list[float]]]) -> None:
    middle = {
        name: [statistics.median(round_[at] for round_ in rounds) for at in range(len(kinds))]
        for name, rounds in taken.items()
    }
    for at, kind in enumerate(kinds):
        cells = ", ".join(f"{name} {middle[name][at] * 1000:.2f}" for name in middle)
        print(f"ms of CPU, {kind}: {cells}")
    for name in middle:
        if name != "ours":
            times = [
                theirs / ours for theirs, ours in zip(middle[name], middle["ours"], strict=True)
            ]
            print(f"ours against {name}: {statistics.geometric_mean(times):.1f}×", end=" ")
            print("(" + ", ".join(f"{one:.1f}" for one in times) + ")")


_WORST = """
import sys, time
from ai_catalyst.documents.feeds import parse_feed
from ai_catalyst.errors import FileError
parse_feed(b"<rss><channel><item/></channel></rss>")
data = sys.stdin.buffer.read()
def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
started = time.perf_counter()
try:
    parse_feed(data)
except FileError:
    pass
print(time.perf_counter() - started, peak())
"""


def _worst(archive: Path | None) -> None:
    from ai_catalyst.documents.feeds import parse_feed
    from ai_catalyst.errors import FileError

    if archive is not None:
        slowest = 0.0
        for _, data in members(archive):
            started = time.perf_counter()
            with suppress(FileError):
                parse_feed(data)
            slowest = max(slowest, time.perf_counter() - started)
        print(f"slowest feed of the test data: {slowest * 1000:.0f} ms")
    for name, data in hostile().items():
        command = [sys.executable, "-c", _WORST]
        answer = subprocess.run(command, input=data, capture_output=True, check=False)
        if answer.returncode:
            print(f"{name}: CRASHED ({answer.returncode})")
        else:
            seconds, peak = map(float, answer.stdout.split())
            size = f"{len(data) / 1e6:.1f} MB"
            print(f"{name} ({size}): {seconds:.2f} s, {peak:.0f} MB in all")


def hostile() -> dict[str, bytes]:
    """Return feeds that are meant to hurt."""
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    items = b"<item><title>t</title><guid>same</guid><link>/x</link></item>" * 100_000
    return {
        "200,000 nested tags": b"<rss><channel><item><title>t</title>" + b"<x>" * 200_000,
        "200,000 nested tags in a description": b"<rss><channel><item><description>"
        + b"&lt;div&gt;" * 200_000,
        "200,000 nested items": b"<rss><channel>" + b"<item>" * 200_000,
        "entity bomb": (
            f'<!DOCTYPE rss [<!ENTITY l0 "lol">{layers}]>'
            "<rss><channel><item><title>&l19;</title></item></channel></rss>"
        ).encode(),
        "quadratic entities": (
            f'<!DOCTYPE rss [<!ENTITY a "{"a" * 1000}">]><rss><channel><item><title>'
            f"{'&a;' * 100_000}</title></item></channel></rss>"
        ).encode(),
        "200,000 open quotes": b'<rss><channel><item><title a="' * 200_000,
        "100,000 attributes": b"<rss><channel "
        + b" ".join(b'a%d="x"' % n for n in range(100_000))
        + b"/></rss>",
        "100,000 items": b"<rss><channel>" + items + b"</channel></rss>",
        "50 MB of text": b"<rss><channel><item><description>"
        + b"word " * 10_000_000
        + b"</description></item></channel></rss>",
    }


if __name__ == "__main__":
    main()
