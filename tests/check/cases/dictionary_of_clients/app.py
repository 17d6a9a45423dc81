import boto3

clients = {"s3": boto3.client("s3"), "sqs": boto3.client("sqs")}


async def send(name, body):
    return clients[name].send_message(QueueUrl="q", MessageBody=body)  # expect: boto3.client().send_message
