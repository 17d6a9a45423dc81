from typing import Any

import boto3


def read_object(s3: Any, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)


class Files:
    client: Any = None

    def __init__(self):
        self.client = boto3.client("s3")

    async def read(self, bucket, key):
        return read_object(self.client, bucket, key)  # expect: boto3.client().get_object
