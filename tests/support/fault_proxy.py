"""A TCP proxy that goes wrong on demand: it cuts, delays, half-closes and refuses connections."""

import asyncio
from contextlib import asynccontextmanager, suppress


class FaultProxy:
    """Stands between a client and a server on loopback."""

    def __init__(self, host, port):
        self.target = host, port
        self.port = 0
        self.connections = 0
        self.delay_s = 0.0
        self.cut_after = None
        """Cut a connection when the server has sent so many bytes on it."""
        self._listener = None
        self._listening = False
        self._tasks = set()
        self._writers = set()

    async def start(self):
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self._listening = True
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self):
        """Be gone, like a server that was shut down: nothing listens, every connection is cut."""
        self._listening = False
        self._listener.close()
        self.cut()
        await asyncio.sleep(0)  # who was let in just now is heard of in the next turn
        while self._tasks:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def restart(self, away_s):
        await self.stop()
        await asyncio.sleep(away_s)
        await self.start()

    def cut(self):
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def half_close(self):
        """Send an end of file to every client, and go on listening to it."""
        for writer in list(self._writers):
            if writer.is_client and not writer.is_closing():
                writer.write_eof()

    def _connected(self, reader, writer):
        if not self._listening:
            writer.transport.abort()
            return
        self.connections += 1
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader, writer):
        up_writer = writer
        try:
            up_reader, up_writer = await asyncio.open_connection(*self.target)
            writer.is_client, up_writer.is_client = True, False
            self._writers |= {writer, up_writer}
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, up_writer, counted=False))
                group.create_task(self._pump(up_reader, writer, counted=True))
        except* (OSError, RuntimeError):
            pass
        finally:
            for one in (writer, up_writer):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader, writer, counted):
        sent = 0
        while data := await reader.read(65536):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            if counted and self.cut_after is not None and sent + len(data) > self.cut_after:
                raise ConnectionResetError
            sent += len(data)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@asynccontextmanager
async def fault_proxy(host, port):
    proxy = FaultProxy(host, port)
    await proxy.start()
    try:
        yield proxy
    finally:
        with suppress(OSError):
            await proxy.stop()
