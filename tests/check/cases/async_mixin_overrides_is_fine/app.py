class FileManager:
    def _read(self, path):
        with open(path) as file:
            return file.read()


class Contents(FileManager):
    pass


class AsyncFileManager(FileManager):
    async def _read(self, path):
        return path


class AsyncContents(Contents, AsyncFileManager):
    async def get(self, path):
        return await self._read(path)
