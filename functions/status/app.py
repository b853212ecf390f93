"""Lambda: moves deliveries and messages forward."""

from chat4all.bootstrap.status import handler as wire

handler = wire()
