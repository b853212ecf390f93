"""The use cases of access: API keys, the audit trail and the health check."""
