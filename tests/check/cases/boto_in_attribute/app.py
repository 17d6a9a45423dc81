import boto3


class Bucket:
    def __init__(self, name):
        self._s3 = boto3.client("s3")
        self.name = name

    async def put(self, key, data):
        self._s3.put_object(Bucket=self.name, Key=key, Body=data)  # expect: boto3.client().put_object
