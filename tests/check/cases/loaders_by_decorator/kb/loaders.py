import docx2txt
from pptx import Presentation

from kb.registry import loader


class Loader:
    def __init__(self, path):
        self.path = path

    def load(self) -> str:
        raise NotImplementedError


@loader(".docx")
class WordLoader(Loader):
    def load(self):
        return docx2txt.process(self.path)


@loader(".pptx")
class SlidesLoader(Loader):
    def load(self):
        return "\n".join(str(s) for s in Presentation(self.path).slides)
