"""Standstills: who is marked, who is told, and that nobody keeps them alive."""

from __future__ import annotations

import gc
import threading
import weakref

from ai_catalyst.engine.standstill import blocked_thread, standing_still, witness


class Listener:
    def __init__(self) -> None:
        self.seen: list[frozenset[int]] = []

    def look_again(self) -> None:
        self.seen.append(standing_still())

    def forget(self) -> None:
        pass


def test_a_thread_is_marked_while_the_block_lasts_however_often_it_is_entered() -> None:
    me = threading.get_ident()
    with blocked_thread(me):
        with blocked_thread(me), blocked_thread(1):
            assert standing_still() == {me, 1}
        assert standing_still() == {me}
    assert standing_still() == frozenset()


def test_witnesses_are_told_of_the_beginning_and_of_the_end() -> None:
    listener = Listener()
    witness(listener)
    with blocked_thread(7):
        assert listener.seen == [{7}]
    assert listener.seen == [{7}, frozenset()]


def test_a_witness_is_not_kept_alive() -> None:
    listener = Listener()
    witness(listener)
    gone = weakref.ref(listener)
    del listener
    gc.collect()
    assert gone() is None
    with blocked_thread(7):
        pass


def test_threads_may_stand_still_and_witnesses_come_and_go_at_the_same_time() -> None:
    failures: list[BaseException] = []

    def crowd(number: int) -> None:
        try:
            for _ in range(300):
                witness(Listener())
                with blocked_thread(number):
                    assert number in standing_still()
        except BaseException as error:  # noqa: BLE001 - a thread's errors would be lost
            failures.append(error)

    threads = [threading.Thread(target=crowd, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert standing_still() == frozenset()
