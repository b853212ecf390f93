"""Processor time of the `api` handler for one POST, beside the two AWS calls that it cannot do without."""
