from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import OpenAI

app = FastAPI()
client = OpenAI()


async def tokens(prompt):
    stream = client.chat.completions.create(  # expect: openai.OpenAI.chat.completions.create
        model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}], stream=True
    )
    for chunk in stream:
        yield chunk.choices[0].delta.content or ""


@app.post("/chat")
async def chat(body: dict):
    return StreamingResponse(tokens(body["prompt"]), media_type="text/event-stream")
