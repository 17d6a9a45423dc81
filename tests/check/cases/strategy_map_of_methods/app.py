import subprocess


class Converter:
    def __init__(self):
        self._by_kind = {"doc": self._office, "svg": self._inkscape}

    def _office(self, path):
        return subprocess.check_output(["soffice", "--convert-to", "pdf", path])

    def _inkscape(self, path):
        return subprocess.check_output(["inkscape", path, "-o", "out.pdf"])

    async def convert(self, kind, path):
        convert = self._by_kind.get(kind, self._office)
        return convert(path)  # expect: subprocess.check_output
