"""Finding model servers that nobody named: the usual ports of this machine, asked once."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import msgspec

from ai_catalyst.llm.endpoints import Endpoint

__all__ = ["LOCAL_PORTS", "chat_model", "embedding_model", "find_local", "models_at"]

LOCAL_PORTS = (11434, 1234, 8080, 8000, 1337, 4891, 5000)
"""Ollama, LM Studio, llama.cpp, vLLM, Jan, GPT4All, text-generation-webui."""

_EMBEDS = re.compile(r"embed|bge-|e5-|minilm|gte-", re.IGNORECASE)
_NOT_CHAT = re.compile(f"{_EMBEDS.pattern}|rerank|whisper|tts|clip", re.IGNORECASE)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


_decode = msgspec.json.Decoder(_Models).decode


async def models_at(
    session: aiohttp.ClientSession,
    url: str,
    *,
    headers: aiohttp.typedefs.LooseHeaders | None = None,
    proxy: str | None = None,
    timeout_s: float = 2.0,
) -> list[str] | None:
    """Return the models that a server of OpenAI's kind offers, or None when it is none."""
    try:
        async with (
            asyncio.timeout(timeout_s),
            session.get(
                f"{url}/models", headers=headers, proxy=proxy, allow_redirects=False
            ) as response,
        ):
            if response.status != 200:
                return None
            return [model.id for model in _decode(await response.content.read(2**20)).data]
    except (aiohttp.ClientError, OSError, msgspec.MsgspecError, ValueError):
        return None


def chat_model(models: list[str]) -> str | None:
    """Return the first model that can chat, as far as names tell."""
    return next((name for name in models if not _NOT_CHAT.search(name)), None)


def embedding_model(models: list[str]) -> str | None:
    """Return the first model that makes vectors, as far as names tell."""
    return next((name for name in models if _EMBEDS.search(name)), None)


async def find_local(
    session: aiohttp.ClientSession, ports: tuple[int, ...] = LOCAL_PORTS
) -> list[Endpoint]:
    """Return the OpenAI-compatible servers that answer on this machine's usual ports."""
    urls = [f"http://127.0.0.1:{port}/v1" for port in ports]
    offers = await asyncio.gather(*(models_at(session, url, timeout_s=1.0) for url in urls))
    found: list[Endpoint] = []
    for url, models in zip(urls, offers, strict=True):
        if models and (model := chat_model(models)):
            name = "local" if not found else f"local-{len(found) + 1}"
            found.append(Endpoint(name, "local", url, model))
    return found
