import io

import pandas as pd
from fastapi import FastAPI, Response

app = FastAPI()


def as_workbook(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    with pd.ExcelWriter(out, engine="openpyxl") as writer:
        frame.to_excel(writer, index=False)
    return out.getvalue()


@app.get("/export")
async def export():
    frame = pd.DataFrame([{"a": 1}])
    return Response(as_workbook(frame))  # expect: pandas.DataFrame.to_excel
