import json
import logging
from typing import Optional

import boto3
from botocore.config import Config

logger = logging.getLogger(__name__)


class S3Storage:
    def __init__(self, bucket: str, region: Optional[str] = None):
        self.bucket = bucket
        self.region = region
        self._client = None

    @property
    def client(self):
        if self._client is None:
            session = boto3.session.Session(region_name=self.region)
            self._client = session.client("s3", config=Config(retries={"max_attempts": 3}))
        return self._client

    async def save(self, key: str, payload: dict) -> str:
        body = json.dumps(payload).encode()
        # expect: boto3.client().put_object
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    async def load(self, key: str):
        # expect: boto3.client().get_object
        response = self.client.get_object(Bucket=self.bucket, Key=key)
        return json.loads(response["Body"].read())  # expect: boto3.client().get_object()[].read
