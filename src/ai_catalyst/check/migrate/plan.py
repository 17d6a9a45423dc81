"""Decide which functions become async and what happens to each call, before a byte is changed."""

from __future__ import annotations

from ai_catalyst.check.infer import Inference
from ai_catalyst.check.migrate.alchemy import AlchemyMove, alchemy_move
from ai_catalyst.check.migrate.boundaries import bare
from ai_catalyst.check.migrate.calls import Call, Calls, Plan
from ai_catalyst.check.migrate.downloads import downloads
from ai_catalyst.check.migrate.drivers import Move, moves
from ai_catalyst.check.migrate.fixtures import TestInference
from ai_catalyst.check.migrate.libraries import http_moves
from ai_catalyst.check.migrate.spread import Spread
from ai_catalyst.check.program import Program

__all__ = ["Call", "Plan", "plan_of"]


_LEFT = "this file has to stay as it is"


def plan_of(
    program: Program, sources: dict[str, bytes], left: frozenset[str] = frozenset()
) -> Plan:
    """Return what a migration would do; ``left`` are files that cannot be rewritten."""
    infer = TestInference(program)
    found: list[Move] = [*moves(program, infer, sources), *_sessions(program, infer, sources)]
    _refuse_left(found, program, sources, left)
    why_not_http = _left_user(b"requests", sources, left) or http_moves(program, infer, sources)
    why_not_urllib = _left_user(b"urllib", sources, left) or downloads(program, infer, sources)
    while True:
        moving = [move for move in found if not move.refused]
        waiting = {fid for move in moving for fid in move.waiting}
        names = {move.driver.name for move in moving}
        frozen = {fid for move in found if move.refused for fid in move.frozen}
        spread = Spread(
            *(program, infer, sources, waiting, names, frozen),
            http=why_not_http is None,
            urllib=why_not_urllib is None,
            left=left,
        )
        plan = Calls(spread, moving).plan()
        if not _refuse_stuck(moving, spread) and not _refuse_many_loops(moving, plan):
            break
    plan.kept += [
        (path, line, move.driver.name, why) for move in found for path, line, why in move.refused
    ]
    for library, why in (("requests", why_not_http), ("urllib", why_not_urllib)):
        if why is not None and why[0]:
            plan.kept.append((*why[:2], library, why[2]))
    return plan


def _sessions(program: Program, infer: Inference, sources: dict[str, bytes]) -> list[Move]:
    move = alchemy_move(program, infer, sources)
    return [move] if move.held or move.refused else []


def _left_user(
    name: bytes, sources: dict[str, bytes], left: frozenset[str]
) -> tuple[str, int, str] | None:
    return next(((path, 1, _LEFT) for path in sorted(left) if name in sources[path]), None)


def _refuse_left(
    found: list[Move], program: Program, sources: dict[str, bytes], left: frozenset[str]
) -> None:
    """Refuse a driver whose connections are in a file that cannot be rewritten."""
    for move in found if left else ():
        names = _left_user(move.driver.name.encode(), sources, left)
        users = {program.modules[fid[0]].path for fid in (*move.held, *move.waiting)} & left
        if names or users:
            move.refused.append(names or (min(users), 1, _LEFT))


def _refuse_stuck(moving: list[Move], spread: Spread) -> bool:
    """Refuse a driver that a function holds which cannot be async; tell whether there was."""
    stuck = False
    program = spread.program
    for move in moving:
        fid = next((f for f in sorted(move.waiting) if f in spread.stay), None)
        if fid is not None:
            function = program.function(fid)
            place = program.modules[fid[0]].path, function.line
            move.refused.append((*place, f"{bare(function.name)}: {spread.stay[fid]}"))
            stuck = True
    return stuck


def _refuse_many_loops(moving: list[Move], plan: Plan) -> bool:
    """Refuse to move engines where there would be several loops; tell whether there was."""
    why = "each test of a TestCase has its own loop, an engine belongs to one: say pytest"
    places = [(path, min(lines), why) for path, lines in sorted(plan.cases.items())]
    why = "a second loop is started here, an engine belongs to one: put both into one function"
    places += [(path, line, why) for path, line in plan.crowded]
    for move in moving:
        if isinstance(move, AlchemyMove) and places:
            move.refused += places
            return True
    return False
