"""Personal data: retention, and the export of a person."""
