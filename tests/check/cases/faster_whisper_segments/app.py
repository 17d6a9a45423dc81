from faster_whisper import WhisperModel


class SpeechToText:
    model: WhisperModel

    def __init__(self, size="small"):
        self.model = WhisperModel(size, device="cpu", compute_type="int8")

    async def run(self, audio_path: str):
        # expect: faster_whisper.WhisperModel.transcribe
        segments, info = self.model.transcribe(audio_path, beam_size=5)
        return " ".join(segment.text for segment in segments), info.language
