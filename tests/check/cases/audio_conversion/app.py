import io

import ffmpeg
from pydub import AudioSegment


def to_wav(data: bytes) -> bytes:
    segment = AudioSegment.from_file(io.BytesIO(data), format="ogg")
    out = io.BytesIO()
    segment.set_frame_rate(16000).export(out, format="wav")
    return out.getvalue()


async def on_voice(update, context):
    data = await update.voice.download()
    wav = to_wav(data)  # expect: pydub.AudioSegment.from_file
    return wav


async def shrink(path, out):
    # expect: ffmpeg.input().output().overwrite_output().run
    (ffmpeg.input(path).output(out, vcodec="libx264", crf=28).overwrite_output().run(quiet=True))
