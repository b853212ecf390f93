#!/bin/sh
# Run by LocalStack inside its container when it is ready: deploys what `make build` has built.
set -eu

bucket=chat4all-artifacts
packaged=/tmp/chat4all-packaged.yaml

awslocal s3 mb "s3://$bucket"
awslocal cloudformation package --template-file /opt/chat4all/template.yaml --s3-bucket "$bucket" \
    --output-template-file "$packaged"
awslocal cloudformation deploy --template-file "$packaged" --stack-name chat4all --s3-bucket "$bucket" \
    --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
    --parameter-overrides \
    "Runtime=$RUNTIME" \
    "Cloud=local" \
    "ApiUrl=http://localhost:$PUBLIC_PORT/_aws/execute-api/{api}/api" \
    "WhatsAppBaseUrl=$WHATSAPP_BASE_URL" \
    "TelegramBaseUrl=$TELEGRAM_BASE_URL" \
    "InstagramBaseUrl=$INSTAGRAM_BASE_URL"
awslocal cloudformation describe-stacks --stack-name chat4all --query "Stacks[0].Outputs"
