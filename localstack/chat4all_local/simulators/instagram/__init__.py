"""Simulated Instagram messaging: one professional account."""
