"""The use cases of inbound webhooks, from the raw webhook to the message."""
