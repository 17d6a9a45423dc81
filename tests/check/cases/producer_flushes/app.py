import json

from confluent_kafka import Producer


class Events:
    producer: Producer | None = None

    @classmethod
    def connect(cls, servers):
        cls.producer = Producer({"bootstrap.servers": servers})

    @classmethod
    async def send(cls, topic, event):
        cls.producer.produce(topic, json.dumps(event).encode())
        cls.producer.flush()  # expect: confluent_kafka.Producer.flush
