"""Which names of a file come from a library, and what becomes of them and of their imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from ai_catalyst.check.migrate.nodes import shape, walk

__all__ = ["Renaming", "dotted_name", "imported_names", "references", "without_unused"]


def imported_names(module: cst.Module) -> dict[str, str]:
    """Return the full dotted name behind each imported one."""
    found: dict[str, str] = {}
    for node in walk(module):
        if isinstance(node, cst.Import):
            for alias in node.names:
                whole = shape(alias.name)
                if alias.asname is not None:
                    found[shape(alias.asname.name)] = whole
                else:
                    found[whole.partition(".")[0]] = whole.partition(".")[0]
        elif isinstance(node, cst.ImportFrom) and node.module is not None and not node.relative:
            for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
                name = shape(alias.asname.name) if alias.asname else shape(alias.name)
                found[name] = f"{shape(node.module)}.{shape(alias.name)}"
    return found


def references(
    module: cst.CSTNode, names: dict[str, str], library: str
) -> Iterator[tuple[str, cst.CSTNode]]:
    """Return every use of a library's names outside imports, in full."""
    waiting: list[cst.CSTNode] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.Import | cst.ImportFrom):
            continue
        dotted = dotted_name(node, names)
        if dotted == library or dotted.startswith(f"{library}."):
            yield dotted, node
            continue
        if isinstance(node, cst.Attribute):
            waiting.append(node.value)
        elif isinstance(node, cst.Arg | cst.Param):
            waiting += [child for child in node.children if child is not _name_of(node)]
        else:
            waiting += node.children


def _name_of(node: cst.Arg | cst.Param) -> cst.CSTNode | None:
    return node.keyword if isinstance(node, cst.Arg) else node.name


def dotted_name(node: cst.CSTNode, names: dict[str, str]) -> str:
    """Return the full dotted name that a path of imported names means; empty: none."""
    if not isinstance(node, cst.Name | cst.Attribute):
        return ""
    path = shape(node)
    if not all(part.isidentifier() for part in path.split(".")):
        return ""
    head, _, rest = path.partition(".")
    known = names.get(head)
    return "" if known is None else f"{known}.{rest}" if rest else known


class Renaming(cst.CSTTransformer):
    """Put other expressions in the place of a library's names."""

    def __init__(self, names: dict[str, str], change: Callable[[str], str | None]) -> None:
        """Take the imported names, and what becomes of a full dotted name (None: nothing)."""
        super().__init__()
        self.names, self.change = names, change
        self.used: set[str] = set()

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        """Leave imports alone."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        """Leave imports alone."""
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """Read a dotted name as a whole."""
        return not (dotted_name(node, self.names) and self.change(dotted_name(node, self.names)))

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        """Change a name that is known."""
        dotted = dotted_name(original_node, self.names)
        made = self.change(dotted) if dotted else None
        if made is None or original_node is not updated_node:
            return updated_node
        self.used.add(dotted)
        return cst.parse_expression(made)


def without_unused(module: cst.Module, library: str) -> cst.Module:
    """Drop the imports of a library when nothing of it is used any more."""
    names = imported_names(module)
    if any(True for _ in references(module, names, library)):
        return module
    return module.visit(_Dropping(library))


class _Dropping(cst.CSTTransformer):
    def __init__(self, library: str) -> None:
        super().__init__()
        self.library = library

    def _is_its(self, dotted: str) -> bool:
        return dotted == self.library or dotted.startswith(f"{self.library}.")

    def leave_Import(  # noqa: N802
        self, original_node: cst.Import, updated_node: cst.Import
    ) -> cst.Import | cst.RemovalSentinel:
        kept = [alias for alias in updated_node.names if not self._is_its(shape(alias.name))]
        if len(kept) == len(updated_node.names):
            return updated_node
        if not kept:
            return cst.RemoveFromParent()
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(names=kept)

    def leave_ImportFrom(  # noqa: N802
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if updated_node.module is None or updated_node.relative:
            return updated_node
        return cst.RemoveFromParent() if self._is_its(shape(updated_node.module)) else updated_node
