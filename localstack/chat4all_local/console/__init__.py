"""What the tools show in a terminal: words, tables, and what is under way."""
