"""What is stored of a person: its erasure."""
