"""The simulated Telegram Bot API: one bot."""
