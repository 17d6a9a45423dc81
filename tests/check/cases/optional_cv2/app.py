try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = None


class Preview:
    def __init__(self, width=320):
        self.width = width

    def _thumb(self, data: bytes) -> bytes:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        height = int(image.shape[0] * self.width / image.shape[1])
        small = cv2.resize(image, (self.width, height))
        return cv2.imencode(".jpg", small)[1].tobytes()

    async def make(self, data: bytes):
        if cv2 is None:
            return None
        return self._thumb(data)  # expect: cv2.imdecode
