import boto3


def make_clients(region):
    session = boto3.Session(region_name=region)
    return session.client("sqs"), session.resource("dynamodb").Table("jobs")


class Worker:
    def __init__(self, region="eu-west-1"):
        self.sqs, self.table = make_clients(region)

    async def poll(self, url):
        # expect: boto3.client().receive_message
        reply = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in reply.get("Messages", []):
            # expect: boto3.resource().Table.put_item
            self.table.put_item(Item={"id": message["MessageId"]})
