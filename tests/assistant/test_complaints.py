"""What the service's event loop complains of."""

from __future__ import annotations

import asyncio
from typing import Any

from ai_catalyst.engine.complaints import complain


async def test_the_loop_that_serves_tells_no_words_of_errors(served: Any) -> None:
    assert asyncio.get_running_loop().get_exception_handler() is complain
