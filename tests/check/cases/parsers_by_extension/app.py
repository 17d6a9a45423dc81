import json
from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd
from pptx import Presentation


def parse_excel(data: bytes) -> str:
    sheets = pd.read_excel(BytesIO(data), sheet_name=None)
    return "\n".join(frame.to_csv(index=False) for frame in sheets.values())


def parse_slides(data: bytes) -> str:
    deck = Presentation(BytesIO(data))
    return "\n".join(s.text for slide in deck.slides for s in slide.shapes if s.has_text_frame)


def parse_json(data: bytes) -> str:
    return json.dumps(json.loads(data), indent=1)


PARSERS = {".xlsx": parse_excel, ".pptx": parse_slides, ".json": parse_json}


async def to_text(name: str, data: bytes) -> str:
    parser = PARSERS.get(Path(name).suffix.lower())
    if parser is None:
        return data.decode(errors="replace")
    return parser(data)  # expect: pandas.read_excel
