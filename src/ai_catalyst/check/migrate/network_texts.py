"""What a migrated file gets to fetch and to run programs, as source text."""

from __future__ import annotations

__all__ = ["HTTP", "POPEN", "RUN", "URLOPEN", "URLRETRIEVE"]

HTTP = """
async def _http(method, url, **options):
    async with httpx.AsyncClient(follow_redirects=True, timeout=30) as client:
        return await client.request(method, url, **options)
"""

RUN = '''
async def _run(args, *, input=None, capture_output=False, check=False, timeout=None, **options):
    """Run a program as subprocess.run does, without standing still."""
    text = any([options.pop(name, False) for name in ("text", "universal_newlines")])
    if capture_output:
        options["stdout"] = options["stderr"] = subprocess.PIPE
    if input is not None:
        options["stdin"] = subprocess.PIPE
    words = [args] if isinstance(args, (str, os.PathLike)) else args
    process = await asyncio.create_subprocess_exec(*words, **options)
    data = input.encode() if isinstance(input, str) else input
    try:
        out, err = await asyncio.wait_for(process.communicate(data), timeout)
    except asyncio.TimeoutError:
        raise subprocess.TimeoutExpired(args, timeout) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if text:
        out, err = (None if part is None else part.decode() for part in (out, err))
    done = subprocess.CompletedProcess(args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done
'''

POPEN = '''
class _Process:
    """A program that runs, used as subprocess.Popen is, without standing still."""

    def __init__(self, process, args, decode):
        self._process, self.args, self._decode = process, args, decode
        self.pid, self.kill, self.terminate = process.pid, process.kill, process.terminate
        self.send_signal = process.send_signal

    @property
    def returncode(self):
        return self._process.returncode

    def poll(self):
        return self._process.returncode

    async def _within(self, timeout, work):
        try:
            return await asyncio.wait_for(work, timeout)
        except asyncio.TimeoutError:
            raise subprocess.TimeoutExpired(self.args, timeout) from None

    async def wait(self, timeout=None):
        return await self._within(timeout, self._process.wait())

    async def communicate(self, input=None, timeout=None):
        data = input.encode() if isinstance(input, str) else input
        parts = await self._within(timeout, self._process.communicate(data))
        return tuple(part if part is None else self._decode(part) for part in parts)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self._process.wait()


async def _popen(args, *, shell=False, encoding=None, errors="strict", **options):
    text = any([options.pop(name, False) for name in ("text", "universal_newlines")])

    def decode(part):
        if not (text or encoding):
            return part
        return part.decode(encoding or "utf-8", errors).replace("\\r\\n", "\\n")

    if shell:
        return _Process(await asyncio.create_subprocess_shell(args, **options), args, decode)
    words = [args] if isinstance(args, (str, os.PathLike)) else args
    return _Process(await asyncio.create_subprocess_exec(*words, **options), args, decode)
'''

URLOPEN = '''
async def _urlopen(url, data=None, timeout=30, *, context=True):
    """Fetch as urllib does, the whole body at once, without standing still."""
    request = url if isinstance(url, urllib.request.Request) else urllib.request.Request(url)
    if data is not None:
        request.data = data
    if request.type not in ("http", "https"):

        def whole():
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return io.BytesIO(answer.read()), answer.headers, answer.url

        return urllib.response.addinfourl(*await asyncio.to_thread(whole))
    headers = {"Accept-Encoding": "identity", **dict(request.header_items())}
    if request.data is not None:
        headers.setdefault("Content-type", "application/x-www-form-urlencoded")
    method, data = request.get_method(), request.data
    async with httpx.AsyncClient(follow_redirects=True, timeout=timeout, verify=context) as client:
        try:
            answer = await client.request(method, request.full_url, content=data, headers=headers)
        except httpx.TimeoutException as error:
            raise TimeoutError(str(error)) from error
        except httpx.TransportError as error:
            raise urllib.error.URLError(error) from error
    message = email.message.Message()
    for name, value in answer.headers.multi_items():
        message[name] = value
    body = io.BytesIO(answer.content)
    if answer.status_code >= 400:
        reason = answer.reason_phrase
        raise urllib.error.HTTPError(str(answer.url), answer.status_code, reason, message, body)
    return urllib.response.addinfourl(body, message, str(answer.url), answer.status_code)
'''

URLRETRIEVE = '''
async def _urlretrieve(url, filename):
    """Write what a URL gives into a file, piece by piece, without standing still."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=30) as client:
        async with client.stream("GET", url) as answer:
            message = email.message.Message()
            for name, value in answer.headers.multi_items():
                message[name] = value
            if answer.status_code >= 400:
                reason = answer.reason_phrase
                raise urllib.error.HTTPError(url, answer.status_code, reason, message, None)
            file = await asyncio.to_thread(open, filename, "wb")
            try:
                async for part in answer.aiter_bytes():
                    await asyncio.to_thread(file.write, part)
            finally:
                await asyncio.to_thread(file.close)
    return filename, message
'''
