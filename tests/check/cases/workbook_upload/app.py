from io import BytesIO

from fastapi import APIRouter, File, UploadFile
from openpyxl import load_workbook

router = APIRouter()


def rows_of(data: bytes):
    book = load_workbook(BytesIO(data), read_only=True, data_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            yield dict(enumerate(row))


@router.post("/import")
async def import_rows(file: UploadFile = File(...)):
    return {"rows": len(list(rows_of(await file.read())))}  # expect: openpyxl.load_workbook
