"""Which ways of running a program have a counterpart that waits on the loop."""

from __future__ import annotations

from ai_catalyst.check.facts import Event, Expr
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.migrate.boundaries import all_functions
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["program_action", "running"]

_RUN = frozenset(
    {
        *("input", "capture_output", "check", "timeout", "text", "universal_newlines"),
        *("cwd", "env", "stdin", "stdout", "stderr"),
    }
)
_RUNNERS = {
    "subprocess.run": "program",
    "subprocess.check_output": "program output",
    "subprocess.call": "program code",
    "subprocess.check_call": "program checked",
}


def program_action(event: Event, sink: str) -> str:
    """Return what becomes of running a program; empty: it has options that asyncio has not."""
    if sink in ("subprocess.Popen.communicate", "subprocess.Popen.wait"):
        return "await"
    if sink == "subprocess.Popen":
        return "popen with" if event.use == "with" else "popen"
    action = _RUNNERS.get(sink, "")
    known = {key for key, _ in event.expr[3]} <= _RUN
    return action if known and len(event.expr[2]) == 1 else ""


_POPEN = frozenset(
    {
        *("stdin", "stdout", "stderr", "cwd", "env", "text", "universal_newlines", "shell"),
        *("start_new_session", "close_fds", "pass_fds", "encoding", "errors"),
    }
)
_USED = frozenset(
    {"communicate", "wait", "poll", "kill", "terminate", "send_signal", "returncode", "pid", "args"}
)
_PROCESS = "subprocess.Popen"


def running(program: Program, infer: Inference) -> set[FunctionId]:
    """Return the functions that start a program and keep it to themselves, in ways asyncio has.

    Its streams are not read or written while it runs, and nobody else is handed it.
    """
    found = set()
    for fid in all_functions(program):
        starts = [e for e in program.function(fid).events if _is_popen(e, fid, infer)]
        if starts and all(map(_is_simple, starts)) and not _leaves(fid, program, infer):
            found.add(fid)
    return found


def _is_popen(event: Event, fid: FunctionId, infer: Inference) -> bool:
    return event.kind == "c" and ("x", _PROCESS) in infer.of(event.expr[1], fid)


def _is_simple(event: Event) -> bool:
    known = {key for key, _ in event.expr[3]} <= _POPEN
    kept = event.use in ("with", "attr") or event.use.startswith("=")
    return known and kept and len(event.expr[2]) == 1


def _leaves(fid: FunctionId, program: Program, infer: Inference) -> bool:
    """Tell whether a process is used in other ways, or given to others."""
    function = program.function(fid)
    given: list[Expr] = [*function.returns, *function.yields]
    for event in function.events:
        if event.kind == "c":
            given += [*event.expr[2], *(value for _, value in event.expr[3])]
        subject = event.expr[1] if event.kind == "c" else event.expr
        if event.kind in "cp" and subject and subject[0] == "a":
            is_process = ("x", _PROCESS) in infer.of(subject[1], fid)
            if is_process and subject[2] not in _USED:
                return True
    stored = (e for _, f, e, _ in program.modules[fid[0]].facts.state if f == fid[1])
    return any(
        expr and expr[0] in ("n", "a", "c") and ("x", _PROCESS) in infer.of(expr, fid)
        for expr in (*given, *stored)
    )
