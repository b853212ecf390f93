"""The use cases of access: API keys, the audit log and the health check."""
