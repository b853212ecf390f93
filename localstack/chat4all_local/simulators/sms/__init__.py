"""The simulated Messages API of Twilio: one account with one number."""
