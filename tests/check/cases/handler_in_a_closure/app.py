import redis
from aiohttp import web


def create_app(url):
    cache = redis.Redis.from_url(url)
    routes = web.RouteTableDef()

    @routes.get("/count")
    async def count(request):
        return web.json_response({"n": cache.incr("n")})  # expect: redis.Redis.incr

    app = web.Application()
    app.add_routes(routes)
    return app
