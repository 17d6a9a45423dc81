"""Documents: taken, read behind the request, searched, and erased."""

from __future__ import annotations

import asyncio
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ai_catalyst.assistant.problems import Problem
from ai_catalyst.errors import CatalystError, StoreError

NOTES = b"# Zebras\n\nZebras have stripes.\n\n## Food\n\nThey graze on grass."


async def test_an_upload_becomes_searchable_with_its_headings(served_on_either) -> None:
    served = served_on_either
    headers = await served.person("sam")
    accepted = await served.upload(headers, notes_md=NOTES)
    row = (await served.http.get(f"/api/v1/documents/{accepted['id']}", headers=headers)).json()
    assert (row["status"], row["name"], row["passages"]) == ("ready", "notes.md", 2)
    found = await served.http.get(
        "/api/v1/search", params={"q": "what do zebras eat: grass?"}, headers=headers
    )
    best = found.json()[0]
    assert best["document_id"] == accepted["id"]
    assert best["heading"].endswith("Zebras > Food")


async def test_nobody_finds_what_is_anothers(served_on_either) -> None:
    served = served_on_either
    sam, eve = await served.person("sam"), await served.person("eve")
    await served.upload(sam, notes_md=NOTES)
    for headers, count in ((sam, 1), (eve, 0)):
        found = await served.http.get("/api/v1/search", params={"q": "stripes"}, headers=headers)
        assert len(found.json()) == count
        listed = await served.http.get("/api/v1/documents", headers=headers)
        assert len(listed.json()) == count


async def test_what_is_erased_is_gone_with_its_file(served_on_either) -> None:
    served = served_on_either
    headers = await served.person("sam")
    accepted = await served.upload(headers, notes_md=NOTES)
    path = f"/api/v1/documents/{accepted['id']}"
    assert (await served.http.delete(path, headers=headers)).status_code == 204
    assert (await served.http.get(path, headers=headers)).status_code == 404
    found = await served.http.get("/api/v1/search", params={"q": "stripes"}, headers=headers)
    assert found.json() == []
    assert list(served.service.config.uploads.iterdir()) == []


async def test_many_files_are_one_job_and_a_bad_one_costs_itself_alone(served_on_either) -> None:
    served = served_on_either
    headers = await served.person("sam")
    broken = b"%PDF-1.7\nthis is no PDF at all"
    accepted = await served.upload(headers, a_md=NOTES, b_pdf=broken, c_txt=b"A lion sleeps.")
    job = (await served.http.get(f"/api/v1/jobs/{accepted['job_id']}", headers=headers)).json()
    assert (job["status"], job["done"], job["failed"], job["total"]) == ("done", 2, 1, 3)
    assert job["error"] == "1 of 3 could not be read"
    rows = (await served.http.get("/api/v1/documents", headers=headers)).json()
    failed = next(row for row in rows if row["status"] == "failed")
    assert failed["name"] == "b.pdf"
    assert failed["error"]
    assert str(served.service.config.home) not in failed["error"]


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/document.xml", b"<a>" + b" " * (300 << 20) + b"</a>")
    return buffer.getvalue()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">]>
<rss><channel><item><title>&g;</title></item></channel></rss>"""


@pytest.mark.parametrize(
    ("name", "data", "statuses"),
    [
        ("empty.txt", b"", {422}),
        ("program.exe", b"MZ\x90\x00" + bytes(range(256)) * 40, {415, 422}),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(200), {415}),
        ("bomb.docx", None, {202}),
        ("laughs.xml", LAUGHS, {202, 415, 422}),
    ],
)
async def test_what_cannot_be_read_is_refused_or_fails_by_itself(
    served, name: str, data: bytes | None, statuses: set[int]
) -> None:
    headers = await served.person("sam")
    files = {"file": (name, await asyncio.to_thread(bomb) if data is None else data)}
    answer = await served.http.post("/api/v1/documents", files=files, headers=headers)
    assert answer.status_code in statuses, answer.text
    if answer.status_code == 202:
        job = answer.json()["job_id"]
        await served.http.get(f"/api/v1/jobs/{job}/events", headers=headers)
        told = (await served.http.get(f"/api/v1/jobs/{job}", headers=headers)).json()
        assert told["status"] in {"failed", "done"}
        [row] = (await served.http.get("/api/v1/documents", headers=headers)).json()
        assert row["passages"] < 10  # a bomb that was read was not read out
    assert list(served.service.config.uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\temp\\notes.txt", "notes.txt"),
        ("no\x1b[31mtes.txt", "no[31mtes.txt"),
        ("..", ".."),
        ("", "document"),
    ],
)
async def test_a_name_is_only_shown_never_a_place(served, name: str, shown: str) -> None:
    rows, _ = await served.service.library.take("sam", [(name, io.BytesIO(b"some words"))], 1.0)
    assert rows[0].name == shown
    [path] = served.service.config.uploads.iterdir()
    assert path.name.startswith(rows[0].id)


async def test_a_full_disk_is_said_and_nothing_is_kept(served, monkeypatch) -> None:
    def full(file, path: Path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ai_catalyst.assistant.documents.service._copy", full)
    with pytest.raises(Problem) as caught:
        await served.service.library.take("sam", [("a.txt", io.BytesIO(b"words"))], 1.0)
    assert caught.value.status_code == 507
    assert list(served.service.config.uploads.iterdir()) == []


async def test_an_account_keeps_so_much_and_no_more(config, start) -> None:
    async with start(replace(config, quota_documents=3, quota_bytes=2000)) as served:
        sam, eve = await served.person("sam"), await served.person("eve")
        kept = await served.upload(sam, a_txt=b"zebra " * 100, b_txt=b"lion " * 100)
        long = {"file": ("c.txt", b"okapi " * 200)}
        for files in (long, [("file", (f"{n}.txt", b"bear")) for n in range(2)]):
            refused = await served.http.post("/api/v1/documents", files=files, headers=sam)
            assert refused.status_code == 413
            assert "erase some first" in refused.json()["detail"]
        assert list(served.service.config.uploads.iterdir()) == []
        await served.upload(eve, c_txt=b"okapi " * 200)
        await served.http.delete(f"/api/v1/documents/{kept['id']}", headers=sam)
        await served.upload(sam, c_txt=b"okapi " * 200)


async def test_html_and_scripts_come_back_as_text(served) -> None:
    headers = await served.person("sam")
    page = b"<html><body><p>Zebra &lt;script&gt;alert(1)&lt;/script&gt; words.</p></body></html>"
    await served.upload(headers, page_html=page)
    found = await served.http.get("/api/v1/search", params={"q": "zebra"}, headers=headers)
    assert found.headers["content-type"] == "application/json"
    assert found.headers["x-content-type-options"] == "nosniff"


async def test_a_folder_is_put_on_the_shelf_once_for_everybody(served_on_either, tmp_path) -> None:
    served = served_on_either
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "okapi.md").write_text(
        '---\ntitle: "Okapi"\ncode: "X1"\nkeywords: [giraffe of the forest]\n---\n\n'
        "# Okapi (X1)\n\n## Criteria\n\nStriped legs.\n"
    )
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    results = [one async for one in served.service.library.load(folder)]
    assert sorted(reason is None for _, reason in results) == [False, True]
    again = [
        reason async for name, reason in served.service.library.load(folder) if "okapi" in name
    ]
    assert again == ["it is there already"]
    headers = await served.person("sam")
    found = await served.http.get("/api/v1/search", params={"q": "forest giraffe"}, headers=headers)
    assert found.json()[0]["document"] == "Okapi"


async def test_the_starter_knowledge_is_there_after_the_first_start(served) -> None:
    assert await served.service.passages.count("shared") > 300
    assert await served.service.library.load_starter() == 0


async def test_a_database_that_went_away_is_a_503(served) -> None:
    headers = await served.person("sam")
    await served.service.driver.close()
    answer = await served.http.get("/api/v1/documents", headers=headers)
    assert answer.status_code == 503
    assert issubclass(CatalystError, Exception)


async def test_a_database_that_comes_back_finds_its_worker_at_work(served, monkeypatch) -> None:
    headers, documents = await served.person("sam"), served.service.documents
    asked, real = [], documents.at

    async def at(document: str):
        asked.append(document)
        if len(asked) == 1:
            raise StoreError("the database is away")
        return await real(document)

    monkeypatch.setattr(documents, "at", at)
    monkeypatch.setattr("ai_catalyst.assistant.jobs.worker.LEASE_S", 0.1)
    await served.upload(headers, notes_md=NOTES)
    [row] = (await served.http.get("/api/v1/documents", headers=headers)).json()
    assert row["status"] == "ready"


async def test_files_that_nobody_waits_for_are_swept_away(served, monkeypatch) -> None:
    service = served.service
    await service.worker.stop()
    for name in ("waits.txt", "cancelled.txt"):
        rows, job = await service.library.take("sam", [(name, io.BytesIO(b"words"))], 1.0)
    await service.jobs.cancel(job, "sam")
    (service.config.uploads / ("0" * 32)).write_bytes(b"left by one that was killed")
    assert await service.library.sweep() == 0  # they may be just being written down
    monkeypatch.setattr("ai_catalyst.assistant.documents.service.SETTLED_S", -60.0)
    assert await service.library.sweep() == 2
    assert len(list(service.config.uploads.iterdir())) == 1
    assert rows[0].id not in [path.name[:32] for path in service.config.uploads.iterdir()]


@pytest.mark.parametrize("path", ["/api/v1/documents", "/documents"])
async def test_no_long_body_is_taken_from_a_stranger(served, path: str) -> None:
    files = {"file": ("a.txt", b"words " * 400_000)}
    forged = {"Authorization": "Bearer e30.e30.e30"}
    for headers in ({}, forged):
        assert (await served.http.post(path, files=files, headers=headers)).status_code == 401
    known = await served.person("sam")
    answer = await served.http.post("/api/v1/documents", files=files, headers=known)
    assert answer.status_code == 202


async def test_a_disk_that_fills_while_a_form_is_read_is_said(served, monkeypatch) -> None:
    def full(self, data: bytes):
        raise OSError(28, "No space left on device")

    headers = await served.person("sam")
    monkeypatch.setattr("starlette.datastructures.UploadFile.write", full)
    files = {"file": ("a.txt", b"words")}
    answer = await served.http.post("/api/v1/documents", files=files, headers=headers)
    assert answer.status_code == 507
    assert "no space" in answer.json()["detail"]
