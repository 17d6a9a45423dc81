"""What becomes of a shard whose worker died."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.cluster.places import Place
from ai_catalyst.cluster.shards import MOST_FAILURES, Held, Shard, after_death, after_failure


def shard(*names: str, **fields: object) -> Shard:
    places = tuple(Place(number, name, "file", name.encode()) for number, name in enumerate(names))
    return replace(Shard(7, places), **fields)  # type: ignore[arg-type]


def names(made: Shard) -> list[str]:
    return [place.uri for place in made.places]


def test_one_death_may_be_the_machines_so_the_shard_is_sent_again_whole() -> None:
    first = shard("a", "b", "c")
    verdict = after_death(first, [Held("b", b"k", 1)])
    assert verdict.poison is None
    assert verdict.shards == (replace(first, deaths=1),)


def test_after_the_second_death_what_was_in_work_both_times_runs_alone() -> None:
    verdict = after_death(shard("a", "b", "c", deaths=1), [Held("b", b"k", 2), Held("c", b"l", 1)])
    rest, suspect = verdict.shards
    assert (names(rest), rest.alone, rest.deaths) == (["a", "c"], False, 0)
    assert (names(suspect), suspect.alone, suspect.deaths) == (["b"], True, 0)


def test_a_part_of_a_source_accuses_its_source() -> None:
    held = [Held("feed.xml#entry-3", b"k", 2)]
    verdict = after_death(shard("feed.xml", "feed", deaths=1), held)
    assert [names(one) for one in verdict.shards] == [["feed"], ["feed.xml"]]


def test_what_another_shard_of_the_same_worker_had_in_work_accuses_nothing_here() -> None:
    verdict = after_death(shard("a", "b", deaths=1), [Held("elsewhere", b"k", 2)])
    assert [names(one) for one in verdict.shards] == [["a"], ["b"]]


def test_where_no_lease_tells_the_shard_is_halved_until_one_source_is_left() -> None:
    pieces = [shard(*"abcdefgh", deaths=1)]
    for _ in range(3):
        guilty = next(one for one in pieces if "f" in names(one))
        pieces = list(after_death(guilty, []).shards)
        assert len(pieces) == 2
    last = next(one for one in pieces if "f" in names(one))
    (alone,) = after_death(last, []).shards
    assert names(alone) == ["f"]
    assert alone.alone


def test_two_deaths_alone_with_the_same_document_in_work_are_poison() -> None:
    alone = shard("a", alone=True)
    once = after_death(alone, [Held("a#2", b"k", 3)])
    assert once.poison is None
    twice = after_death(once.shards[0], [Held("a#2", b"k", 4)])
    assert twice.poison == ("a#2", b"k", 4)
    assert twice.shards == (replace(alone, deaths=0),)


def test_two_deaths_alone_before_anything_was_leased_poison_the_source() -> None:
    once = after_death(shard("a", alone=True), [])
    twice = after_death(once.shards[0], [])
    assert twice.poison == ("a", b"", 2)


def test_another_document_than_at_the_last_death_begins_its_own_count() -> None:
    once = after_death(shard("a", alone=True), [Held("a#1", b"k", 1)])
    other = after_death(once.shards[0], [Held("a#2", b"l", 1)])
    assert other.poison is None
    assert after_death(other.shards[0], [Held("a#2", b"l", 2)]).poison == ("a#2", b"l", 2)


def test_a_node_that_cannot_is_borne_a_few_times() -> None:
    one: Shard | None = shard("a")
    tried = 0
    while one is not None:
        one = after_failure(one)
        tried += 1
    assert tried == MOST_FAILURES


@given(
    st.sets(st.sampled_from("abcdefghijklmnop"), min_size=1),
    st.sampled_from("abcdefghijklmnop"),
    st.booleans(),
)
def test_whatever_kills_is_found_and_nothing_else_is_lost(
    documents: set[str], lethal: str, leased: bool
) -> None:
    """A run in miniature: workers die over one document, until it is poison."""
    waiting, poison, done, deaths = [shard(*sorted(documents))], set(), set(), 0
    while waiting:
        one = waiting.pop(0)
        if lethal in names(one) and lethal not in poison:
            deaths += 1
            verdict = after_death(one, [Held(lethal, b"k", deaths)] if leased else [])
            poison |= {verdict.poison.label} if verdict.poison else set()
            waiting.extend(verdict.shards)
        else:
            done |= set(names(one))
    assert done == documents
    assert poison == documents & {lethal}
    assert deaths <= (4 if leased else 9)
