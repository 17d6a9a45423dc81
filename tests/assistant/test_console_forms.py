"""The console's doors: cookies, marks, other sites, roles, and words from outside as text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ai_catalyst.assistant.auth.service import Accounts
from ai_catalyst.assistant.dependencies import COOKIE

PASSWORD = "correct horse battery"
SCRIPT = "<script>alert(1)</script>"
FORMS = [
    ("/logout", {}),
    ("/ask", {"question": "What is panic disorder?"}),
    ("/search", {"q": "panic"}),
    ("/documents/x/delete", {}),
    ("/jobs/x/cancel", {}),
    ("/users/invite", {"role": "admin"}),
    ("/users/x", {"role": "admin"}),
]
INSIDE = ["/", "/search", "/documents", "/egress", "/users", "/numbers"]
BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def sign_in(served: Any, name: str = "ada", role: str = "admin", **more: str) -> str:
    """Sign a new person in by the form; returns the mark that forms must carry."""
    form = {"email": f"{name}@example.org", "password": PASSWORD, "username": name} | more
    form["invitation"] = await served.service.accounts.invite(role)
    assert (await served.http.post("/register", data=form)).status_code == 303
    answer = await served.http.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    found = re.search(r'name="csrf" value="([^"]+)"', (await served.http.get("/")).text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("secure", [True, False])
async def test_the_cookie_is_for_this_site_and_no_script(config, start, secure: bool) -> None:
    async with start(replace(config, secure_cookies=secure)) as served:
        await served.person("sam")
        form = {"email": "sam@example.org", "password": PASSWORD}
        answer = await served.http.post("/login", data=form)
        parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
        assert {"httponly", "samesite=strict", "path=/"} <= parts
        assert ("secure" in parts) == secure


async def test_a_form_without_the_mark_of_its_session_is_refused(served) -> None:
    await sign_in(served)
    other = served.service.accounts.csrf("another session")
    for path, form in FORMS:
        for mark in ({}, {"csrf": ""}, {"csrf": "guessed"}, {"csrf": other}):
            answer = await served.http.post(path, data=form | mark)
            assert answer.status_code == 403, (path, mark)
    for mark in ({}, {"csrf": other}):
        files = {"file": ("a.txt", b"words")}
        answer = await served.http.post("/documents", data=mark, files=files)
        assert answer.status_code == 403
    assert list(served.service.config.uploads.iterdir()) == []
    assert (await served.http.get("/")).status_code == 200


async def test_the_api_takes_the_cookie_with_its_mark_only(served) -> None:
    mark = await sign_in(served)
    question = {"question": "What is panic disorder?"}
    refused = await served.http.post("/api/v1/rag/ask", json=question)
    assert refused.status_code == 403
    headers = {"X-CSRF-Token": mark}
    answer = await served.http.post("/api/v1/rag/ask", json=question, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "http://test.example.org"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/register"])
async def test_a_form_of_another_site_is_refused(served, path: str, headers: dict) -> None:
    await served.person("sam")
    form = {"email": "sam@example.org", "password": PASSWORD}
    answer = await served.http.post(path, data=form, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_form_of_this_site_is_taken(served) -> None:
    await served.person("sam")
    form = {"email": "sam@example.org", "password": PASSWORD}
    for headers in ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": "http://test"}):
        answer = await served.http.post("/login", data=form, headers=headers)
        assert answer.status_code == 303


@pytest.mark.parametrize("cookie", [None, "", "not a token", "e30.e30.e30"])
async def test_who_is_not_signed_in_is_sent_to_the_door(served, cookie: str | None) -> None:
    headers = {} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"}
    for path in INSIDE:
        answer = await served.http.get(path, headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        answer = await served.http.get(path, headers=headers | {"HX-Request": "true"})
        assert answer.headers["hx-redirect"] == "/login"
        assert answer.text == ""
    for path, form in FORMS:
        answer = await served.http.post(path, data=form, headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_a_token_of_the_api_does_not_open_the_console(served) -> None:
    headers = await served.person("sam")
    token = headers["Authorization"].removeprefix("Bearer ")
    answer = await served.http.get("/", headers={"Cookie": f"{COOKIE}={token}"})
    assert answer.headers["location"] == "/login"


async def test_signing_out_in_one_tab_signs_out_all_and_an_old_page_does_nothing(served) -> None:
    mark = await sign_in(served)
    cookie = {"Cookie": f"{COOKIE}={served.http.cookies[COOKIE]}"}
    assert (await served.http.post("/logout", data={"csrf": mark})).status_code == 303
    assert COOKIE not in served.http.cookies
    answer = await served.http.post("/search", data={"csrf": mark, "q": "x"}, headers=cookie)
    assert answer.headers["location"] == "/login"
    headers = cookie | {"X-CSRF-Token": mark}
    answer = await served.http.post("/api/v1/rag/ask", json={"question": "x"}, headers=headers)
    assert answer.status_code == 401


async def test_a_session_ends_by_itself(served, clock) -> None:
    service = served.service
    parts = (service.driver, service.config, service.accounts._tokens, service.accounts._keys)
    service.accounts._tokens._clock = clock
    service.accounts = Accounts(*parts, service.passwords, clock=clock)
    await sign_in(served)
    clock.now += service.config.console_s - 10
    assert (await served.http.get("/documents")).status_code == 200
    clock.now += 20
    answer = await served.http.get("/documents")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(
    ("role", "closed"),
    [
        ("student", {"/egress", "/users", "/numbers"}),
        ("clinician", {"/users", "/numbers"}),
        ("admin", set()),
    ],
)
async def test_pages_are_for_their_roles(served, role: str, closed: set[str]) -> None:
    mark = await sign_in(served, "sam", role)
    for path in INSIDE:
        answer = await served.http.get(path)
        assert answer.status_code == (403 if path in closed else 200), path
    menu = (await served.http.get("/")).text
    assert {path for path in INSIDE if f'href="{path}"' in menu} == {*INSIDE} - closed
    me = (await served.http.get("/api/auth/me")).json()["id"]
    for path in ("/users/invite", f"/users/{me}"):
        answer = await served.http.post(path, data={"csrf": mark, "role": "admin"})
        assert (answer.status_code == 403) == (role != "admin"), path


async def test_words_from_outside_are_text_on_every_page(served) -> None:
    mark = await sign_in(served, username=f"Ada {SCRIPT}")
    text = f"---\ntitle: '{SCRIPT} zebra'\n---\n\n# {SCRIPT}\n\nZebra {SCRIPT} stripes.\n"
    files = {"file": (f"zebra {SCRIPT}.md".replace("/", ""), text.encode())}
    answer = await served.http.post("/documents", data={"csrf": mark}, files=files)
    assert answer.status_code == 303
    [job] = (await served.http.get("/api/v1/jobs")).json()
    await served.http.get(f"/api/v1/jobs/{job['id']}/events")
    seen = [await served.http.get(path) for path in (*INSIDE, "/login")]
    seen.append(await served.http.get("/setup", params={"invitation": f'"{SCRIPT}'}))
    for path, form in (
        ("/search", {"q": f'zebra "{SCRIPT}'}),
        ("/ask", {"question": f"zebra stripes {SCRIPT}"}),
        ("/login", {"email": f'"{SCRIPT}', "password": "wrong"}),
        ("/register", {"email": f'"{SCRIPT}', "password": "short", "invitation": f'"{SCRIPT}'}),
    ):
        seen.append(await served.http.post(path, data=form | {"csrf": mark}))
    texts = "".join(one.text for one in seen)
    assert "<script>alert" not in texts
    assert texts.count("&lt;script&gt;") > 10
    assert "&#34;&lt;script" in texts  # no attribute can be left either
    assert all(one.headers["content-type"].startswith("text/html") for one in seen)


async def test_what_is_searched_for_is_in_no_address(served) -> None:
    mark = await sign_in(served)
    form = (await served.http.get("/search")).text
    assert 'method="post"' in form
    assert "hx-get" not in form
    assert "hx-push-url" not in form
    part = await served.http.post(
        "/search", data={"q": "panic"}, headers={"HX-Request": "true", "X-CSRF-Token": mark}
    )
    assert "<mark>" in part.text
    assert "<html" not in part.text
    assert "<mark>" not in (await served.http.get("/search", params={"q": "panic"})).text


async def test_what_is_wrong_with_an_upload_is_on_the_page(served) -> None:
    mark = await sign_in(served)
    for name, data, status in (
        ("p.png", b"\x89PNG\r\n\x1a\n" + bytes(99), 415),
        ("e.txt", b"", 422),
    ):
        files = {"file": (name, data)}
        answer = await served.http.post("/documents", data={"csrf": mark}, files=files)
        assert answer.status_code == status
        told = re.search(r'class="error" role="alert">([^<]+)', answer.text)
        assert told is not None
        assert name in told[1]
        assert "Add files" in answer.text


async def test_a_browser_gets_errors_as_pages_and_a_program_as_documents(served) -> None:
    answer = await served.http.get("/nowhere", headers=BROWSER)
    assert answer.status_code == 404
    assert 'role="alert"' in answer.text
    assert answer.headers["x-request-id"] in answer.text
    for path, headers in (("/nowhere", {}), ("/api/nowhere", BROWSER)):
        answer = await served.http.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_invitation_is_shown_once_and_makes_one_account(served) -> None:
    mark = await sign_in(served)
    shown = await served.http.post("/users/invite", data={"csrf": mark, "role": "clinician"})
    link = re.search(r"/setup\?invitation=([\w-]+)", shown.text)
    assert link is not None
    assert link[1] not in (await served.http.get("/users")).text
    guest = httpx.AsyncClient(transport=served.http._transport, base_url="http://test")
    page = await guest.get(link[0])
    assert f'value="{link[1]}"' in page.text
    form = {"password": PASSWORD, "invitation": link[1]}
    first = await guest.post("/register", data=form | {"email": "sam@example.org"})
    assert first.status_code == 303
    second = await guest.post("/register", data=form | {"email": "eve@example.org"})
    assert second.status_code == 403
    assert "was used" in second.text
    assert PASSWORD not in second.text
