from mcp.server.fastmcp import FastMCP

from slides.com import ppt

mcp = FastMCP("slides")


def _add_slide_impl(layout: int):
    return {"layout": layout}


@mcp.tool()
async def add_slide(layout: int = 1) -> dict:
    return ppt.execute(_add_slide_impl, layout)  # expect: concurrent.futures.Future.result
