"""Accounts: who comes in, how they stay, and how nobody else does."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from ai_catalyst.assistant.config import ServiceConfig
from ai_catalyst.assistant.keys import Keys, load_keys
from ai_catalyst.assistant.limits import SharedLimit
from ai_catalyst.assistant.passwords import Passwords
from ai_catalyst.assistant.problems import Busy, Problem
from ai_catalyst.assistant.tokens import Tokens
from ai_catalyst.errors import UserError

PASSWORD = "correct horse battery"
KEY = bytes(range(64))


async def test_a_newcomer_registers_signs_in_and_is_known(served_on_either) -> None:
    served = served_on_either
    headers = await served.person("sam")
    me = (await served.http.get("/api/auth/me", headers=headers)).json()
    assert (me["email"], me["username"], me["role"]) == ("sam@example.org", "sam", "student")
    assert "password" not in me


async def test_the_answer_to_a_login_has_the_shape_of_the_contract(served) -> None:
    await served.person("sam")
    body = await served.login("SAM@example.org ".strip())
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 900
    assert {"access_token", "refresh_token", "user"} <= set(body)
    assert {"id", "email", "username", "role"} <= set(body["user"])


async def test_nobody_gives_himself_a_role(served) -> None:
    body = {"email": "a@example.org", "password": PASSWORD, "role": "admin"}
    answer = await served.http.post("/api/auth/register", json=body)
    assert answer.status_code == 422


async def test_an_address_has_one_account(served_on_either) -> None:
    await served_on_either.person("sam")
    body = {"email": "Sam@Example.org", "password": PASSWORD}
    answer = await served_on_either.http.post("/api/auth/register", json=body)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("password", "status"), [("short", 422), ("abababababab", 403), ("x" * 300, 422)]
)
async def test_a_weak_password_is_refused_and_never_echoed(
    served, password: str, status: int
) -> None:
    body = {"email": "a@example.org", "password": password}
    answer = await served.http.post("/api/auth/register", json=body)
    assert answer.status_code == status
    assert password not in answer.text


@pytest.mark.parametrize(
    "password",
    [
        "Password2026!",
        "P@ssw0rd1234",
        "qwertyuiop1",
        "iloveyou!!!!",
        "1234567890",
        "passwordpassword",
    ],
)
async def test_a_password_that_everybody_tries_first_is_refused(served, password: str) -> None:
    body = {"email": "sam@example.org", "password": password}
    refused = await served.http.post("/api/auth/register", json=body)
    assert refused.status_code == 403
    assert "first to be guessed" in refused.json()["detail"]


async def test_an_invitation_makes_an_administrator_once(served_on_either) -> None:
    served = served_on_either
    secret = await served.service.first_link()
    body = {"email": "ada@example.org", "password": PASSWORD, "invitation": secret}
    answers = await asyncio.gather(
        *(
            served.http.post("/api/auth/register", json={**body, "email": f"a{n}@example.org"})
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]
    assert await served.service.first_link() is None


async def test_closed_registration_needs_an_invitation(config: ServiceConfig, start) -> None:
    async with start(replace(config, registration="closed")) as served:
        body = {"email": "a@example.org", "password": PASSWORD}
        assert (await served.http.post("/api/auth/register", json=body)).status_code == 403
        await served.person("ada", "clinician")


async def test_wrong_passwords_lock_an_account_for_a_while_known_or_not(served) -> None:
    await served.person("sam")
    for email in ("sam@example.org", "nobody@example.org"):
        body = {"email": email, "password": "wrong password"}
        codes = [
            (await served.http.post("/api/auth/login", json=body)).status_code for _ in range(11)
        ]
        assert codes == [401] * 10 + [429]
    right = {"email": "sam@example.org", "password": PASSWORD}
    answer = await served.http.post("/api/auth/login", json=right)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_unknown_and_wrong_are_answered_alike(served) -> None:
    await served.person("sam")
    answers = [
        await served.http.post("/api/auth/login", json={"email": email, "password": "wrong one"})
        for email in ("sam@example.org", "nobody@example.org")
    ]
    first, second = (
        {**answer.json(), "request_id": None, "code": answer.status_code} for answer in answers
    )
    assert first == second


async def test_a_refresh_token_works_once_and_ends_its_session_when_shown_again(
    served_on_either,
) -> None:
    served = served_on_either
    await served.person("sam")
    pair = await served.login("sam@example.org")
    old = {"refresh_token": pair["refresh_token"]}
    new = (await served.http.post("/api/auth/refresh", json=old)).json()
    assert new["refresh_token"] != old["refresh_token"]
    assert (await served.http.post("/api/auth/refresh", json=old)).status_code == 401
    stolen = {"refresh_token": new["refresh_token"]}
    assert (await served.http.post("/api/auth/refresh", json=stolen)).status_code == 401
    headers = {"Authorization": f"Bearer {new['access_token']}"}
    assert (await served.http.get("/api/auth/me", headers=headers)).status_code == 401


async def test_a_guessed_refresh_token_signs_nobody_out(served) -> None:
    headers = await served.person("sam")
    pair = await served.login("sam@example.org")
    session = pair["refresh_token"].partition(".")[0]
    guess = {"refresh_token": f"{session}.guess"}
    assert (await served.http.post("/api/auth/refresh", json=guess)).status_code == 401
    right = {"refresh_token": pair["refresh_token"]}
    assert (await served.http.post("/api/auth/refresh", json=right)).status_code == 200
    assert (await served.http.get("/api/auth/me", headers=headers)).status_code == 200


async def test_who_signs_out_is_out(served) -> None:
    headers = await served.person("sam")
    assert (await served.http.post("/api/auth/logout", headers=headers)).status_code == 204
    assert (await served.http.get("/api/auth/me", headers=headers)).status_code == 401


async def test_a_new_password_ends_every_other_session(served_on_either) -> None:
    served = served_on_either
    here = await served.person("sam")
    elsewhere = {
        "Authorization": f"Bearer {(await served.login('sam@example.org'))['access_token']}"
    }
    wrong = {"old_password": "not it", "new_password": "another horse battery"}
    answer = await served.http.post("/api/auth/password", json=wrong, headers=here)
    assert answer.status_code == 403
    right = {**wrong, "old_password": PASSWORD}
    answer = await served.http.post("/api/auth/password", json=right, headers=here)
    assert answer.status_code == 204
    assert (await served.http.get("/api/auth/me", headers=here)).status_code == 200
    assert (await served.http.get("/api/auth/me", headers=elsewhere)).status_code == 401
    await served.login("sam@example.org", "another horse battery")


def forged(**changes: object) -> str:
    claims = {"sub": "x", "sid": "y", "iat": 1, "exp": 2**33, "iss": "ai-catalyst", "aud": "api"}
    return jwt.encode({**claims, **changes}, KEY, "HS256", headers={"kid": "k"})


def without_signature() -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': 'k'})}.{forged().split('.')[1]}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        "rubbish",
        "a.b.c",
        without_signature(),
        forged(exp=1),
        forged(aud="console"),
        forged(iss="somebody else"),
        forged(sub=None),
        jwt.encode({"sub": "x"}, KEY, "HS256", headers={"kid": "k"}),
        jwt.encode({"sub": "x"}, b"y" * 64, "HS512", headers={"kid": "k"}),
        forged()[:-2] + "xx",
    ],
)
def test_a_token_that_is_not_ours_in_force_and_meant_says_nothing(token: str) -> None:
    with pytest.raises(Problem) as caught:
        Tokens(Keys({"k": KEY})).verify(token)
    assert caught.value.status_code == 401


def test_a_token_of_the_key_before_is_still_believed(clock) -> None:
    before = Tokens(Keys({"old": KEY}), clock=clock)
    now = Tokens(Keys({"new": KEY[::-1], "old": KEY}), clock=clock)
    assert now.verify(before.sign("u", "s", 60)).user == "u"
    clock.now += 61
    with pytest.raises(Problem, match="expired"):
        now.verify(before.sign("u", "s", -1))


@pytest.mark.parametrize("weak", [b"short", b"a" * 64, b""])
def test_the_service_does_not_start_with_a_weak_key(weak: bytes) -> None:
    given = {"CATALYST_SECRET_KEYS": f"k:{base64.b64encode(weak).decode()}"}
    with pytest.raises(UserError, match=r"weak|no signing key"):
        load_keys(Path("nowhere"), given)


def test_the_key_file_is_made_once_for_its_owners_eyes(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys"
    first = load_keys(path, {})
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_keys(path, {}).all == first.all
    path.write_text("k:not base64!")
    with pytest.raises(UserError, match="not base64"):
        load_keys(path, {})


async def test_too_many_at_the_door_are_told_when_to_come_again() -> None:
    passwords = Passwords(threads=1, queue=2)
    try:
        tries = [passwords.verify(None, "whatever") for _ in range(10)]
        results = await asyncio.gather(*tries, return_exceptions=True)
    finally:
        passwords.close()
    busy = [one for one in results if isinstance(one, Busy)]
    assert len(busy) == 7
    assert results.count(False) == 3
    assert int(busy[0].headers["Retry-After"]) >= 1


async def test_a_limit_is_shared_by_all_who_use_the_database(served_on_either, clock) -> None:
    driver = served_on_either.service.driver
    limits = [SharedLimit(driver, "t", per_minute=60, burst=5, clock=clock) for _ in range(3)]
    taken = await asyncio.gather(
        *(limits[n % 3].take("x", "too much") for n in range(9)), return_exceptions=True
    )
    assert taken.count(None) == 5
    clock.now += 2
    await limits[0].take("x", "too much")
    await limits[1].take("x", "too much")
    with pytest.raises(Busy, match="too much"):
        await limits[2].take("x", "too much")
    await limits[0].take("y", "too much")


async def test_the_last_administrator_stays(served) -> None:
    ada = await served.person("ada", "admin")
    me = (await served.http.get("/api/auth/me", headers=ada)).json()
    for change in ({"role": "student"}, {"disabled": True}):
        answer = await served.http.patch(f"/api/v1/users/{me['id']}", json=change, headers=ada)
        assert answer.status_code == 409
    await served.person("bob", "admin")
    answer = await served.http.patch(
        f"/api/v1/users/{me['id']}", json={"role": "student"}, headers=ada
    )
    assert answer.json()["role"] == "student"


async def test_two_administrators_cannot_demote_each_other_at_once(served_on_either) -> None:
    served = served_on_either
    ada, bob = await served.person("ada", "admin"), await served.person("bob", "admin")
    ids = [(await served.http.get("/api/auth/me", headers=one)).json()["id"] for one in (ada, bob)]
    accounts = served.service.accounts
    results = await asyncio.gather(
        *(accounts.change_person(user, "student", None) for user in ids), return_exceptions=True
    )
    assert sorted(isinstance(one, Problem) for one in results) == [False, True]
    assert await accounts.people.has_admin()


async def test_a_disabled_account_is_out_at_once(served) -> None:
    ada, sam = await served.person("ada", "admin"), await served.person("sam")
    user = (await served.http.get("/api/auth/me", headers=sam)).json()["id"]
    answer = await served.http.patch(f"/api/v1/users/{user}", json={"disabled": True}, headers=ada)
    assert answer.status_code == 200
    assert (await served.http.get("/api/auth/me", headers=sam)).status_code == 401
    body = {"email": "sam@example.org", "password": PASSWORD}
    assert (await served.http.post("/api/auth/login", json=body)).status_code == 401
