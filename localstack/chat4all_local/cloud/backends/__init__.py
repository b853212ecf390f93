"""The backends: a module for each local cloud; `choice` selects a backend."""
