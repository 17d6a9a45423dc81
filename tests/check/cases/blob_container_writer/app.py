from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient, ContentSettings
from google.cloud import storage


class AzureFiles:
    def __init__(self, url, container):
        self.service = BlobServiceClient(url, credential=DefaultAzureCredential())
        self.container = self.service.get_container_client(container)

    async def put(self, name, data):
        blob = self.container.get_blob_client(name)
        # expect: azure.storage.blob.BlobClient.upload_blob
        blob.upload_blob(data, overwrite=True, content_settings=ContentSettings("text/plain"))
        return blob.url


class GoogleFiles:
    def __init__(self, bucket: str):
        self.bucket = storage.Client().bucket(bucket)

    async def put(self, name, data):
        blob = self.bucket.blob(name)
        blob.upload_from_string(data)  # expect: google.cloud.storage.Blob.upload_from_string
        return blob.public_url
