import openpyxl


async def rows(path):
    return openpyxl.load_workbook(path).active  # expect: openpyxl.load_workbook
