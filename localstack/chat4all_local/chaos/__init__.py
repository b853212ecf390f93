"""`chat4all chaos`: load with injected faults, and a ledger with the result of every message."""
