"""The connectors: one channel is one class, made by name in `registry`."""
