"""What tests are handed: pytest gives a parameter what the fixture of its name gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ai_catalyst.check.infer import Inference, Value
from ai_catalyst.check.program import FunctionId

__all__ = ["TestInference"]


class TestInference(Inference):
    """Inference that knows pytest's fixtures."""

    __test__ = False

    def _handed(self, fid: FunctionId, index: int) -> Iterable[Value]:
        yield from super()._handed(fid, index)
        function = self.program.function(fid)
        if function.name.rpartition(".")[2].startswith("test") or self.decorated(
            function, "fixture"
        ):
            for fixture in self._fixtures(function.params[index].name, fid[0]):
                for made in self.result(("f", fixture), None, fid):
                    yield from made[1] if made[0] == "l" else (made,)

    def _fixtures(self, name: str, module: int) -> Iterator[FunctionId]:
        """Return the fixtures of a name: those of the file itself before those of others."""
        known = [
            fid
            for fid in self.program.decorated_by.get("fixture", ())
            if self.program.function(fid).name.rpartition(".")[2] == name
        ]
        own = [fid for fid in known if fid[0] == module]
        yield from own or known
