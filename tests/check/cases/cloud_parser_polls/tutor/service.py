from tutor.engines import get_engine

_service = None


class ParseService:
    def __init__(self, engine_name: str = "mineru"):
        self.engine_name = engine_name

    def parse(self, path):
        engine = get_engine(self.engine_name)
        return engine.parse(path)


def get_parse_service() -> ParseService:
    global _service
    if _service is None:
        _service = ParseService()
    return _service
