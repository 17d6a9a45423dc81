"""Throw-away servers of a test's own, to be stopped, killed and started again in mid-work.

They live in a temporary folder, on a free port of loopback. Where the programs are not installed
the test is skipped; with ``CI=true`` it fails.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest


def _program(*names):
    """Return where a program is: on the path, or where distributions hide servers."""
    places = ["/usr/sbin", "/usr/local/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    for name in names:
        found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(places))
        if found:
            return found
    message = f"{names[0]} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    return pytest.skip(message)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _account(*names):
    """Return a user for a server that will not run as root; None where we are not root."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


class OwnServer:
    """One server; ``stop`` asks it to end, ``kill`` does not ask."""

    stop_signal = signal.SIGTERM
    kill_signal = signal.SIGKILL

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = _free_port()
        self.user = self.account()
        if self.user is not None:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.process = None
        self.prepare()

    def account(self):
        return None

    def prepare(self):
        pass

    def _identity(self):
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _run(self, *command):
        subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **self._identity(),
        )

    def greet(self, connection):
        """Raise `OSError` while it listens, but does not serve yet."""

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdout=log, stderr=log, **self._identity()
            )

    def wait(self, within_s=60):
        """Return when it listens."""
        until = time.monotonic() + within_s
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    self.greet(connection)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    log = (self.folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"{type(self).__name__} did not start:\n{log}") from None
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(self.stop_signal)
        self.process.wait(60)

    def kill(self):
        """End it without a word to its clients, and nothing put in order."""
        self.process.send_signal(self.kill_signal)
        self.process.wait(60)


class OwnPostgres(OwnServer):
    stop_signal = signal.SIGINT  # "fast": it does not wait for its clients
    kill_signal = signal.SIGQUIT  # "immediate": what it has started ends with it

    def account(self):
        return _account("postgres")

    def prepare(self):
        data = str(self.folder / "data")
        self._run(
            *(_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust"),
            *("--no-sync", "-E", "UTF8", "--no-locale"),
        )

    def command(self):
        options = ("listen_addresses=127.0.0.1", "max_connections=60", "shared_buffers=16MB")
        return [
            *(_program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)),
            *("-k", str(self.folder)),
            *(part for option in options for part in ("-c", option)),
        ]

    def greet(self, connection):
        ready = subprocess.run(
            [_program("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)],
            check=False,
            stdout=subprocess.DEVNULL,
        )
        if ready.returncode:
            raise ConnectionRefusedError

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"


class OwnMariaDB(OwnServer):
    def account(self):
        return _account("mysql")

    def prepare(self):
        self._run(
            *(_program("mariadb-install-db", "mysql_install_db"), "--no-defaults"),
            *(f"--datadir={self.folder / 'data'}", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        )

    def command(self):
        return [
            *(_program("mariadbd", "mysqld"), "--no-defaults", f"--datadir={self.folder / 'data'}"),
            *(f"--socket={self.folder / 'socket'}", f"--port={self.port}"),
            *("--bind-address=127.0.0.1", f"--pid-file={self.folder / 'pid'}"),
            "--innodb-buffer-pool-size=32M",
        ]

    def greet(self, connection):
        if not connection.recv(1):  # it speaks first; before that it hears no signal, either
            raise ConnectionResetError

    @property
    def url(self):
        return f"mysql://root@127.0.0.1:{self.port}/mysql"


class OwnRedis(OwnServer):
    def command(self):
        return [
            *(_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(self.folder), "--appendonly", "yes", "--save", ""),
        ]

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"


KINDS = {"postgres": OwnPostgres, "mysql": OwnMariaDB, "redis": OwnRedis}


@contextmanager
def own_server(kind):
    """Lend a running server of a kind: ``postgres``, ``mysql`` or ``redis``."""
    folder = tempfile.mkdtemp(prefix="catalyst-own-")
    server = None
    try:
        server = KINDS[kind](folder)
        server.start()
        server.wait()
        yield server
    finally:
        if server is not None and server.process is not None and server.process.poll() is None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
