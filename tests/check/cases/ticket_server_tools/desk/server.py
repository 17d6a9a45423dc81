import json
import os

from mcp import types
from mcp.server import Server

from desk.client import DeskClient

desk_client = DeskClient(os.getenv("SUB"), os.getenv("EMAIL"), os.getenv("KEY"))
server = Server("desk")


@server.call_tool()
async def handle_call_tool(name: str, arguments: dict | None) -> list[types.TextContent]:
    if name == "get_ticket":
        ticket = desk_client.get_ticket(arguments["ticket_id"])  # expect: zenpy.Zenpy.tickets
        return [types.TextContent(type="text", text=json.dumps(ticket))]
    raise ValueError(f"unknown tool {name}")
