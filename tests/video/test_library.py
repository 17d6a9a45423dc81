"""The library's rows, on every database."""

import asyncio
import datetime as dt
import json
import subprocess
import sys

import pytest
import sqlalchemy as sa
from aiohttp import web
from fault_proxy import fault_proxy
from sqlalchemy.engine import make_url

from ai_catalyst import video
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.video import place
from ai_catalyst.video.rows import videos


def data(**more):
    return {"user_id": "u1", "title": "A talk", **more}


async def test_a_video_is_kept_and_found(library):
    made = await video.create_video(data(path="/v/talk.mp4", duration_s=1.5, width=640, height=360))
    assert made.status == "uploaded"
    assert made.created_at.tzinfo is not None
    assert await video.get_video_by_id(made.id) == made
    assert await video.get_video_by_id("none") is None
    assert await video.get_video_by_id(7) is None


@pytest.mark.parametrize(("id", "user"), [(7, 1), ("7", "1"), ("#7", "#x")])
async def test_numbers_and_texts_serve_as_ids_and_come_back_as_they_were(library, id, user):
    await video.create_video(data(id=id, user_id=user))
    found = await video.get_video_by_id(id)
    assert (found.id, found.user_id) == (id, user)
    assert [one.id for one in await video.get_user_videos_async(user)] == [id]


async def test_an_id_is_given_once(library):
    await video.create_video(data(id="v1"))
    with pytest.raises(StoreError, match="there already"):
        await video.create_video(data(id="v1"))


async def test_wrong_fields_are_the_callers_fault(library):
    with pytest.raises(UserError, match="needs a 'title'"):
        await video.create_video({"user_id": 1})
    with pytest.raises(UserError, match="no field 'lenght'"):
        await video.create_video(data(lenght=1))
    with pytest.raises(ValueError, match="no such status: 'done'"):
        await video.create_video(data(status="done"))


async def test_many_videos_are_kept_all_or_none(library):
    made = await video.batch_create_videos_async(data(id=f"v{n}", title=f"{n}") for n in range(300))
    assert [one.title for one in made] == [str(n) for n in range(300)]
    with pytest.raises(StoreError):
        await video.batch_create_videos_async([data(id="new"), data(id="v5")])
    assert len(await video.list_videos()) == 300
    assert await video.batch_create_videos_async([]) == []


async def test_videos_are_listed_by_status_and_user_oldest_first(library):
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for n in (3, 1, 2):
        await video.create_video(
            data(id=f"v{n}", user_id=n % 2, created_at=day + dt.timedelta(days=n))
        )
    await video.update_video_status("v2", "processing")
    assert [one.id for one in await video.list_videos()] == ["v1", "v2", "v3"]
    assert [one.id for one in await video.list_videos(status="uploaded")] == ["v1", "v3"]
    assert [one.id for one in await video.list_videos("processing", 0)] == ["v2"]
    assert await video.get_user_videos_async("nobody") == []
    with pytest.raises(ValueError, match="no such status"):
        await video.list_videos(status="done")


async def test_a_status_only_moves_forward(library):
    for end in ("ready", "failed"):
        one = await video.create_video(data())
        with pytest.raises(ValueError, match=f"'uploaded' cannot become '{end}'"):
            await video.update_video_status(one.id, end)
        assert await video.update_video_status(one.id, "processing") is True
        assert await video.update_video_status(one.id, end) is True
        for other in ("uploaded", "processing", "ready", "failed"):
            with pytest.raises(ValueError, match=f"'{end}' cannot become '{other}'"):
                await video.update_video_status(one.id, other)
        assert (await video.get_video_by_id(one.id)).status == end


async def test_the_status_of_an_unknown_video_is_not_changed(library):
    assert await video.update_video_status("none", "processing") is False
    with pytest.raises(ValueError, match="no such status: 'done'"):
        await video.update_video_status("none", "done")


async def test_the_database_itself_refuses_an_illegal_change(library):
    one = await video.create_video(data(id="v1"))
    for status in ("ready", "odd"):
        with pytest.raises((sa.exc.DBAPIError, StoreError)):
            async with library.session() as session:
                sql = sa.text("UPDATE videos SET status = :status WHERE id = 'v1'")
                await session.execute(sql, {"status": status})
                await session.commit()
    assert (await video.get_video_by_id(one.id)).status == "uploaded"


async def test_of_many_that_want_the_same_change_one_makes_it(library):
    one = await video.create_video(data())
    found = await asyncio.gather(
        *(video.update_video_status(one.id, "processing") for _ in range(10)),
        return_exceptions=True,
    )
    assert found.count(True) == 1
    assert sum(isinstance(each, ValueError) for each in found) == 9


async def test_a_change_whose_answer_was_lost_is_made_once_and_is_no_error(server_url):
    parsed = make_url(server_url)
    port = parsed.port or {"postgresql": 5432, "mysql": 3306}[parsed.drivername]
    async with fault_proxy(parsed.host, port) as proxy:
        through = parsed.set(host="127.0.0.1", port=proxy.port)
        url = through.render_as_string(hide_password=False)
        async with AsyncConnectionManager(
            {"database_url": url, "redis_url": None, "pool_min": 1, "pool_max": 1}
        ) as manager:
            video.configure(manager)
            try:
                warm, one = [await video.create_video(data()) for _ in range(2)]
                await video.update_video_status(warm.id, "processing")  # the statement is prepared
                rows = (await place.here()).rows
                update = rows.update

                async def cut_off(changes, where):
                    proxy.cut_after = 10  # what is asked arrives, what is answered does not
                    async with asyncio.TaskGroup() as group:
                        made = group.create_task(update(changes, where))
                        await asyncio.sleep(0.15)
                        proxy.cut_after = None
                    assert made.result() == 0, "the repeated one finds nothing to change"
                    return made.result()

                rows.update = cut_off
                assert await video.update_video_status(one.id, "processing") is True
                del rows.update
                assert (await video.get_video_by_id(one.id)).status == "processing"
                with pytest.raises(ValueError, match="'processing' cannot become 'processing'"):
                    await video.update_video_status(one.id, "processing")
            finally:
                video.configure(None)


@pytest.fixture(params=["postgres", "mysql"])
def server_url(request):
    return request.getfixturevalue(f"{request.param}_url")


async def test_a_table_of_an_older_version_gets_the_column_it_lacks(database_url):
    settings = {"database_url": database_url, "redis_url": None, "pool_min": 1}
    async with AsyncConnectionManager(settings) as manager:
        async with manager.engine.begin() as connection:
            await connection.execute(sa.text("DROP TABLE IF EXISTS videos"))
            old = sa.MetaData()
            table = videos.to_metadata(old)
            table._columns.remove(table.c.attempt)
            await connection.run_sync(old.create_all)
        video.configure(manager)
        try:
            one = await video.create_video(data())
            assert await video.update_video_status(one.id, "processing")
        finally:
            video.configure(None)


async def test_a_video_is_cached_as_json_for_an_hour(sqlite_library, redis_client):
    one = await video.create_video(data(id="cached-by-a-test"))
    assert await video.get_cached_video_async(one.id) is None
    assert await video.set_cached_video_async(one.id, one) is True
    found = await video.get_cached_video_async(one.id)
    assert found["title"] == "A talk"
    key = "video:cached-by-a-test"
    assert json.loads(redis_client.get(key))["status"] == "uploaded"
    assert 3590 < redis_client.ttl(key) <= 3600
    await video.set_cached_video_async(one.id, {"any": [1]}, ttl=5)
    assert await video.get_cached_video_async(one.id) == {"any": [1]}
    await video.update_video_status(one.id, "processing")
    assert await video.get_cached_video_async(one.id) is None, "it would tell the older status"


@pytest.fixture
def redis_client(redis_place):
    import redis

    with redis.Redis.from_url(redis_place[0]) as client:
        client.delete("video:cached-by-a-test")
        yield client
        client.delete("video:cached-by-a-test")


@pytest.fixture
async def sqlite_library(tmp_path, redis_place):
    settings = {"database_url": f"sqlite:///{tmp_path / 'v.db'}", "redis_url": redis_place[0]}
    async with AsyncConnectionManager(settings) as manager:
        video.configure(manager)
        yield manager
        video.configure(None)


async def test_a_video_is_uploaded_in_pieces():
    got = []

    async def take(request):
        got.append(await request.read())
        return web.Response(status=201)

    app = web.Application(client_max_size=2**24)
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    try:
        assert await video.upload_video_async(b"x" * 2**20, f"http://127.0.0.1:{port}/") is True
        assert await video.upload_video_async(b"x", f"http://127.0.0.1:{port}/none") is False
    finally:
        await runner.cleanup()
    assert got == [b"x" * 2**20]


async def test_without_servers_the_state_folder_and_memory_serve(state):
    one = await video.create_video(data())
    assert (state / "videos.db").stat().st_mode & 0o077 == 0
    assert state.stat().st_mode & 0o077 == 0
    assert await video.set_cached_video_async(one.id, {"a": 1})
    assert await video.get_cached_video_async(one.id) == {"a": 1}


def test_every_loop_has_its_own_connections_to_the_same_rows(state):
    one = asyncio.run(video.create_video(data()))
    assert asyncio.run(video.get_video_by_id(one.id)) == one
    assert [found.id for found in video.get_user_videos("u1")] == [one.id]


async def test_a_manager_without_a_database_is_refused():
    async with AsyncConnectionManager({"database_url": None, "redis_url": None}) as manager:
        video.configure(manager)
        try:
            with pytest.raises(UserError, match="needs a database"):
                await video.list_videos()
        finally:
            video.configure(None)


def test_the_sync_twins_work_in_a_script_and_leave_nothing_behind(state):
    code = """
from ai_catalyst.video import batch_create_videos, get_user_videos
batch_create_videos([{"user_id": 1, "title": str(n)} for n in range(3)])
print(len(get_user_videos(1)))
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True
    )
    # A slow turn of the loop is told in this mode, and a busy machine has them.
    said = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert (done.stdout, said) == ("3\n", [])


@pytest.mark.parametrize("name", video.__all__)
def test_each_public_name_is_there(name):
    assert getattr(video, name).__name__ == name
    assert name in dir(video)
