"""The simulated Instagram messaging API: one professional account."""
