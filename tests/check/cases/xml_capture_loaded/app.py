import gzip
from dataclasses import dataclass, field

from lxml import etree


@dataclass
class Capture:
    events: list = field(default_factory=list)

    def load(self, path: str) -> "Capture":
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rb") as stream:
            for _, element in etree.iterparse(stream, tag="event"):
                self.events.append(dict(element.attrib))
                element.clear()
        return self


async def load_file(path: str):
    capture = Capture().load(path)  # expect: lxml.etree.iterparse
    return len(capture.events)
