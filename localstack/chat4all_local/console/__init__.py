"""The terminal output of the tools: words, tables, and progress."""
