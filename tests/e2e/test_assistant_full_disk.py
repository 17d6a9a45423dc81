"""A disk that is full for real: what cannot be kept is said, and nothing that was kept is lost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Catalyst
from service import Running

from ai_catalyst.assistant.client import AssistantClient, AssistantError

PASSWORD = "correct horse battery"
SMALL = ("unshare", "--mount", "--map-root-user", "sh", "-c")
MOUNT = 'mount -t tmpfs -o size=24m none "$0" && exec "$@"'


def need_mounts(folder: Path) -> None:
    """Skip where a process may not mount a file system of its own."""
    try:
        done = subprocess.run([*SMALL, MOUNT, str(folder), "true"], capture_output=True, text=True)
        reason = done.stderr.strip()
    except OSError as error:
        reason = str(error)
    if reason:
        pytest.skip(f"no small disk here: {reason}")


class Disk:
    """The service's disk of 24 MiB, seen through the service's own eyes."""

    def __init__(self, service: Running, home: Path) -> None:
        self.place = Path(f"/proc/{service.process.pid}/root{home}")
        self.ballast = self.place / "ballast"

    def fill(self, but: int = 0) -> None:
        """Leave so many bytes, or none."""
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
            file.truncate(max(0, file.tell() // 4096 * 4096 - but))

    def empty(self) -> None:
        self.ballast.unlink()


@pytest.fixture
def small(catalyst: Catalyst) -> Iterator[tuple[Running, Disk]]:
    home = catalyst.folder / ".catalyst"
    home.mkdir()
    need_mounts(home)
    (catalyst.folder / "catalyst.yaml").write_text(
        "model: none\nserve: {logins_per_minute: 1000}\n"
    )
    catalyst.before = (*SMALL, MOUNT, str(home))
    service = Running(catalyst)
    yield service, Disk(service, home)
    service.end()


def notes(folder: Path, name: str, size: int) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(f"The {name} is shy and lives in the forest. " * (size // 40))
    return path


@pytest.mark.timeout(180)
def test_on_a_full_disk_uploads_and_sign_ins_are_refused_and_reading_goes_on(
    small: tuple[Running, Disk], tmp_path: Path
) -> None:
    service, disk = small
    with AssistantClient(service.address) as client:
        client.register("sam@example.org", PASSWORD)
        client.login("sam@example.org", PASSWORD)
        kept = client.upload([notes(tmp_path, "okapi", 4000)])
        assert list(client.job_events(kept["job_id"]))[-1].name == "done"
        disk.fill()
        with pytest.raises(AssistantError) as refused:
            client.upload([notes(tmp_path, "zebra", 400_000)])
        assert refused.value.status == 507
        assert "space" in str(refused.value)
        assert [one["name"] for one in client.documents()] == ["okapi.txt"]
        assert client.search("okapi")
        assert client.ask("Where does the okapi live?")["citations"]
        with AssistantClient(service.address) as other, pytest.raises(AssistantError) as away:
            for _ in range(200):  # the log of the database has some room until it is full
                other.login("sam@example.org", PASSWORD)
        assert away.value.status in {503, 507}
        assert "space" in str(away.value)
        assert len(os.listdir(disk.place / "uploads")) == 0
        disk.empty()
        client.login("sam@example.org", PASSWORD)
        accepted = client.upload([notes(tmp_path, "zebra", 400_000)])
        assert list(client.job_events(accepted["job_id"]))[-1].name == "done"
        assert {one["name"] for one in client.documents()} == {"okapi.txt", "zebra.txt"}
        assert client.search("zebra")
    assert '"where"' not in service.log.read_text()


@pytest.mark.timeout(180)
def test_what_was_accepted_is_read_when_there_is_room_again(
    small: tuple[Running, Disk], tmp_path: Path
) -> None:
    service, disk = small
    paths = [notes(tmp_path, f"okapi{number}", 40_000) for number in range(20)]
    with AssistantClient(service.address) as client:
        client.register("sam@example.org", PASSWORD)
        client.login("sam@example.org", PASSWORD)
        disk.fill(1_500_000)  # enough to take them, not to write down what is in them
        accepted = client.upload(paths)
        time.sleep(3)
        assert client.job(accepted["job_id"])["status"] == "running"
        disk.empty()
        last = list(client.job_events(accepted["job_id"]))[-1]
        assert (last.name, last.data["done"], last.data["failed"]) == ("done", 20, 0)
        assert {one["status"] for one in client.documents()} == {"ready"}
    assert '"where"' not in service.log.read_text()
