"""`chat4all chaos`: load while something breaks, and a ledger of what became of every message."""
