import os
import tempfile

import whisper
from fastapi import FastAPI, UploadFile

app = FastAPI()
_model = None


def get_model():
    global _model
    if _model is None:
        _model = whisper.load_model(os.getenv("WHISPER_MODEL", "base"))
    return _model


def transcribe_audio(path: str) -> str:
    model = get_model()
    result = model.transcribe(path, fp16=False)
    return result["text"].strip()


@app.post("/transcribe")
async def transcribe(file: UploadFile):
    with tempfile.NamedTemporaryFile(suffix=".wav") as tmp:  # expect: tempfile.NamedTemporaryFile
        tmp.write(await file.read())
        return {"text": transcribe_audio(tmp.name)}  # expect: whisper.load_model().transcribe
