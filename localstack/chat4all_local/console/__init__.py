"""The terminal output of the tools: texts, tables, and progress."""
