import pandas as pd


class Loader:
    def load(self, path) -> pd.DataFrame:
        return pd.read_csv(path)

    async def run(self, path):
        return self.load(path)  # expect: pandas.read_csv
