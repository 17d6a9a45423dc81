import gspread
from oauth2client.service_account import ServiceAccountCredentials


class Sheet:
    def __init__(self, key):
        creds = ServiceAccountCredentials.from_json_keyfile_name("creds.json")
        self.gc = gspread.authorize(creds)
        self.sheet = self.gc.open_by_key(key).sheet1

    async def add(self, row):
        self.sheet.append_row(row)  # expect: gspread.Worksheet.append_row

    async def find(self, value):
        cell = self.sheet.find(value)  # expect: gspread.Worksheet.find
        return self.sheet.row_values(cell.row)  # expect: gspread.Worksheet.row_values
