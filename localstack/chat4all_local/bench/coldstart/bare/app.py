"""The least that a function of this product needs: clients of SQS and DynamoDB."""

import boto3

sqs = boto3.client("sqs")
dynamodb = boto3.client("dynamodb")
