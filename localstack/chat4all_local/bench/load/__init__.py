"""The benchmark `load`: requests that arrive at their own rate."""
