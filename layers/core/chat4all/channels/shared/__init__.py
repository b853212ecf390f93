"""What several channels share: HTTP, Meta's webhooks and answers, files."""
