import time


class Base:
    def close(self):
        time.sleep(1)


class Child(Base):
    async def stop(self):
        super().close()  # expect: time.sleep
