"""Types and rules: pure functions of values, no I/O, no environment."""
