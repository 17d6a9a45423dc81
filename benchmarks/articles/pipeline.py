"""From a feed to reports: seconds, calls, tokens and memory of the real program on loopback.

Run ``python -m benchmarks.articles.pipeline``. Pages take 200 ms and the model 500 ms, as the
servers of this project give them from a process of their own; pacing is set off. The ideal is what
the waiting alone costs when each article holds its place from page to answer. Everything counts
from the first line of the program to its exit code, start and reports included; ``work`` is what
the run itself says it took.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ai_catalyst.articles import ArticleProcessor, AsyncArticleProcessor
from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.llm import Endpoint
from ai_catalyst.llm.prices import price_of
from ai_catalyst.llm.testing import Behaviour, ModelServer

PAGE_S, MODEL_S = 0.2, 0.5
ANSWER = {
    "summary": "Tides were measured at many stations.",
    "key_points": ["Levels changed.", "Keepers wrote them down."],
    "topics": ["tides", "stations"],
    "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
    "confidence": 0.9,
}
PROMPT_TOKENS, ANSWER_TOKENS = 1100, 90
NEW_SHARE = 0.27
SHORT = 5  # sentences: about 1,000 characters
PRICED = "gpt-4o-mini"
NUMBERED = re.compile(r'<document number="(\d+)">')


class Model:
    """Answers on one article or on several; counts the tokens it was sent, four characters each."""

    def __init__(self, delay_s):
        self.delay_s, self.tokens = delay_s, 0

    def __call__(self, asked):
        self.tokens += sum(len(each["content"]) for each in asked.body["messages"]) // 4
        numbers = NUMBERED.findall(asked.prompt)
        listed = [ANSWER | {"number": int(number)} for number in numbers]
        text = json.dumps({"answers": listed} if numbers else ANSWER)
        usage = PROMPT_TOKENS, ANSWER_TOKENS * max(1, len(numbers))
        return Behaviour(text, delay_s=self.delay_s, usage=usage)


def serve(pipe, articles, page_s, model_s, sentences):
    """Run feed, pages and model in a process of their own; answer questions about them."""
    pages = {
        f"/article/{number}": article_page(number, sentences=sentences)
        for number in range(articles)
    }
    told = Model(model_s)
    with Site(pages, delay_s=page_s) as site, ModelServer(told) as model:
        pipe.send((site.url, model.url))
        while (numbers := pipe.recv()) is not None:
            if numbers == "count":
                fetched = sum(n for path, n in site.asked.items() if path.startswith("/article"))
                pipe.send((fetched, model.count, told.tokens))
            else:
                feed = rss_feed(site.url, numbers)
                site.pages["/feed.xml"] = Answer(
                    feed, kind="application/rss+xml", etag=f'"{len(feed)}"'
                )
                pipe.send(True)


class Bench:
    """The program in a folder of its own, beside its servers."""

    def __init__(self, articles, page_s=PAGE_S, model_s=MODEL_S, sentences=12):
        self.folder = Path(tempfile.mkdtemp(prefix="catalyst-bench-"))
        self.pipe, theirs = multiprocessing.Pipe()
        self.servers = multiprocessing.get_context("spawn").Process(
            target=serve, args=(theirs, articles, page_s, model_s, sentences), daemon=True
        )
        self.servers.start()
        self.site, self.model = self.pipe.recv()
        self.feed(range(articles))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.pipe.send(None)
        self.servers.join(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def feed(self, numbers):
        self.pipe.send(list(numbers))
        self.pipe.recv()

    def counts(self):
        self.pipe.send("count")
        return self.pipe.recv()

    def environ(self):
        """Return the variables that lead the program here."""
        return {
            "CATALYST_ALLOW_HOSTS": "127.0.0.1",
            "CATALYST_LOCAL_URL": self.model,
            "CATALYST_LOCAL_MODEL": "bench",
            "RATE_LIMIT_RPS": "1000000",
            "RATE_LIMIT_BURST": "1000000",
        }

    def run(self, *arguments, home="home"):
        """Run the program once; return seconds, its figures, and its peak memory in MB."""
        before = self.counts()
        environ = os.environ | self.environ() | {"CATALYST_HOME": str(self.folder / home)}
        command = [sys.executable, "-m", "ai_catalyst", "run", f"{self.site}/feed.xml", "--json"]
        started = time.perf_counter()
        with subprocess.Popen(
            [*command, "--force-concurrency", *arguments],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            told = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        figures = json.loads(told)
        assert process.returncode == 0, figures
        after = self.counts()
        names = ("fetched", "asked", "tokens")
        figures |= {name: now - then for name, now, then in zip(names, after, before, strict=True)}
        return seconds, figures, usage.ru_maxrss / 1024


def ideal_s(articles, at_once):
    """What waiting alone costs: rounds of a page and an answer each."""
    return -(-articles // at_once) * (PAGE_S + MODEL_S)


async def async_s(bench, articles, at_once):
    """Return the seconds of `AsyncArticleProcessor` on the articles, warmed up."""
    made = AsyncArticleProcessor(at_once, 1e6, 1e6)
    async with made:
        await made.process_batch([f"{bench.site}/article/{articles}"])
        started = time.perf_counter()
        results = await made.process_batch(named(bench, articles))
        seconds = time.perf_counter() - started
    assert all(result.success for result in results)
    return seconds


def sync_s(bench, articles):
    """Return the seconds of `ArticleProcessor`, one article after the other, warmed up."""
    with ArticleProcessor(1, 1e6, 1e6) as made:
        made.process_batch([f"{bench.site}/article/{articles}"])
        started = time.perf_counter()
        results = made.process_batch(named(bench, articles))
        seconds = time.perf_counter() - started
    assert all(result.success for result in results)
    return seconds


def named(bench, articles):
    return [f"{bench.site}/article/{number}" for number in range(articles)]


def ratios(bench, articles):
    """Compare the processors, one article after the other against 5 and 8 at once."""
    os.environ |= bench.environ()
    one_by_one = sync_s(bench, articles)
    print(f"  {articles:4} articles one after the other: {one_by_one:6.2f} s")
    for at_once in (5, 8):
        seconds = asyncio.run(async_s(bench, articles, at_once))
        best, ratio = articles / -(-articles // at_once), one_by_one / seconds
        print(
            f"  {articles:4} articles, {at_once} at once: {seconds:6.2f} s, {ratio:5.2f} ×, "
            f"{ratio / best:4.0%} of the ideal {best:.1f} ×"
        )


def speed(bench, articles):
    """Time the whole program."""
    bench.feed(range(articles))
    for at_once in (8, 64):
        seconds, figures, _ = bench.run("--concurrency", str(at_once), home=f"home-{at_once}")
        assert figures["done"] == figures["asked"] == articles
        print(
            f"  {articles} articles, {at_once} at once: {seconds:6.2f} s, work "
            f"{figures['seconds']:6.2f} s, ideal {ideal_s(articles, at_once):6.2f} s"
        )


def saved(bench, articles):
    """Say what a second run costs: the same feed, and one of which a part is new."""
    old = round(articles * (1 - NEW_SHARE))
    bench.feed(range(old))
    bench.run("--concurrency", "8", home="home-saved")
    seconds, figures, _ = bench.run("--concurrency", "8", home="home-saved")
    print(
        f"  the same {old} articles again: {seconds:.2f} s, work {figures['seconds']:.2f} s, "
        f"{figures['fetched']} pages, {figures['asked']} calls"
    )
    bench.feed(range(articles))
    _, figures, _ = bench.run("--concurrency", "8", home="home-saved")
    tokens = PROMPT_TOKENS + ANSWER_TOKENS
    print(
        f"  {articles} articles of which {articles - old} are new: {figures['asked']} calls, "
        f"{figures['asked'] * tokens:,} tokens; saved {articles - figures['asked']} calls, "
        f"{(articles - figures['asked']) * tokens:,} tokens ({1 - figures['asked'] / articles:.0%})"
    )


def together(articles):
    """Say what asking about short articles together saves, and what that would have cost."""
    price = price_of(Endpoint("priced", "cloud", "https://example.org/v1", model=PRICED), PRICED)
    written = articles * ANSWER_TOKENS
    for at_once in (5, 8):
        found = {}
        with Bench(articles, sentences=SHORT) as bench:
            for size in (1, 5):
                (bench.folder / "catalyst.yaml").write_text(f"async: {{batch_size: {size}}}\n")
                _, found[size], _ = bench.run(
                    "--concurrency", str(at_once), home=f"home-{at_once}-{size}"
                )
                assert found[size]["done"] == articles
        alone, shared = found[1], found[5]
        print(
            f"  {articles} short articles, {at_once} at once: calls and tokens saved by batching "
            f"small articles: {alone['asked']} → {shared['asked']} calls "
            f"(-{1 - shared['asked'] / alone['asked']:.0%}), {alone['tokens']:,} → "
            f"{shared['tokens']:,} prompt tokens (-{1 - shared['tokens'] / alone['tokens']:.0%}); "
            f"as {PRICED} ${price.cost(alone['tokens'], written):.4f} → "
            f"${price.cost(shared['tokens'], written):.4f}"
        )


def memory(articles):
    with Bench(articles, page_s=0.0, model_s=0.0) as bench:
        for at_once in (5, 8, 64):
            seconds, figures, peak = bench.run(
                "--concurrency", str(at_once), home=f"home-{at_once}"
            )
            rate = figures["done"] / figures["seconds"]
            print(
                f"  {articles} articles at {at_once}: peak {peak:.0f} MB, {seconds:.1f} s, "
                f"{rate:.1f} articles/s (nothing waits)"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[10, 50, 100])
    parser.add_argument("--memory", type=int, default=1000, help="articles; 0 leaves it out")
    parser.add_argument("--only-together", action="store_true", help="batching, nothing else")
    options = parser.parse_args()
    print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(f"pages {PAGE_S * 1000:.0f} ms, model {MODEL_S * 1000:.0f} ms, pacing off:")
    most = max(options.articles)
    if options.only_together:
        together(most)
        return
    with Bench(most + 1) as bench:
        print("the program, from its first line to its exit code:")
        speed(bench, most)
        print("the processors, warm:")
        for articles in options.articles:
            ratios(bench, articles)
        print("what is not paid twice:")
        saved(bench, most)
    print("what short articles save by sharing calls:")
    together(most)
    if options.memory:
        print("memory:")
        memory(options.memory)


if __name__ == "__main__":
    main()
