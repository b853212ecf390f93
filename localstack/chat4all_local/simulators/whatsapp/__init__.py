"""The simulated WhatsApp Cloud API: one business phone number."""
