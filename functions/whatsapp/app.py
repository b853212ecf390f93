"""The `whatsapp` function: delivers messages to WhatsApp."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.channel import handler as wire

    handler = wire()
