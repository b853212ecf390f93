"""WhatsApp by the Cloud API."""
