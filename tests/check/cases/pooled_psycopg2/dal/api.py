from aiohttp import web

from dal.pool import fetch_all

routes = web.RouteTableDef()


@routes.get("/orders/{id}")
async def order(request: web.Request):
    # expect: psycopg2.connection.commit
    rows = fetch_all("SELECT * FROM orders WHERE id = %s", (request.match_info["id"],))
    return web.json_response(rows)
