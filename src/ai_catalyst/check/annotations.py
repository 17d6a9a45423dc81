"""What an annotation allows."""

from __future__ import annotations

from collections.abc import Iterable

from ai_catalyst.check.answers import Answers
from ai_catalyst.check.facts import Expr
from ai_catalyst.check.program import FunctionId
from ai_catalyst.check.values import Value, Values, few, instances

__all__ = ["CONTAINERS", "WRAPPERS", "Annotations"]

WRAPPERS = frozenset(
    {
        "Optional",
        "Union",
        "Annotated",
        "ClassVar",
        "Final",
        "Required",
        "NotRequired",
        "Awaitable",
        "Coroutine",
        "InitVar",
        "ReadOnly",
        "Mapped",
        "AsyncContextManager",
        "ContextManager",
        "AbstractContextManager",
        "AbstractAsyncContextManager",
    }
)
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"})
CONTAINERS = _MAPPINGS | {
    "list",
    "List",
    "Sequence",
    "Iterable",
    "Iterator",
    "set",
    "Set",
    "frozenset",
    "FrozenSet",
    "tuple",
    "Tuple",
    "Generator",
    "AsyncGenerator",
    "AsyncIterator",
    "AsyncIterable",
    "Collection",
    "deque",
    "Deque",
    "MutableSequence",
    "ContextVar",
}


_CONTEXTS = ("Context", "ContextWrapper", "Runtime", "Info")
_SAYS_NOTHING = frozenset(
    {"typing.Any", "typing_extensions.Any", "builtins.object", "types.ModuleType"}
)


class Annotations(Answers):
    """Reads annotations: unions, wrappers, containers, ``Annotated[…, Depends(…)]``."""

    def annotation(self, expr: Expr, fid: FunctionId) -> Values:
        """Return the instances that an annotation allows."""
        if not expr:
            return ()
        return self._once(("a", id(expr), fid), self._annotation, expr, fid)

    def _annotation(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        form = expr[0]
        if form == "o":
            return [v for item in expr[1] for v in self.annotation(item, fid)]
        if form in ("n", "a"):
            found = [v for value in self.of(expr, fid) for v in instances(value)]
            return [v for v in found if v[1] not in _SAYS_NOTHING]
        if form == "c":
            return self.given(expr, fid)
        return self._generic(expr, fid) if form == "i" else ()

    def _generic(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        base = expr[1]
        last = base[-1] if base and base[0] in ("n", "a") else ""
        index = expr[2]
        items = index[1] if index and index[0] == "l" else (index,)
        if last in ("type", "Type"):
            return [("t", v[1]) if v[0] == "i" else v for v in self.annotation(index, fid)]
        if last == "Annotated" and items:
            found = list(self.annotation(items[0], fid))
            for extra in items[1:]:
                if extra and extra[0] == "c":
                    found += (
                        self.given(extra, fid) if extra[1] and extra[1][-1] == "Depends" else ()
                    )
            return found
        if last in WRAPPERS:
            return [v for item in items for v in self.annotation(item, fid)]
        if last in CONTAINERS:
            held = items[-1:] if last in _MAPPINGS else items[:1]
            if last in ("tuple", "Tuple"):
                held = items
            return (("l", few(v for item in held for v in self.annotation(item, fid))),)
        found = list(self.annotation(base, fid))
        if last.endswith(_CONTEXTS) and any(v[0] == "x" for v in found):
            found.append(("c", few(v for item in items for v in self.annotation(item, fid))))
        return found
