"""Processor time of the `api` handler for a POST, beside the two AWS calls that cannot be avoided."""
