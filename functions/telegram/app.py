"""Lambda: delivers to Telegram."""

from chat4all.bootstrap.channel import handler as wire

handler = wire()
