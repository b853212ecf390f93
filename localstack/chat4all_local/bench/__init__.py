"""The benchmarks.

Most run the product and a bare counterpart together, and report the ratios of their figures. `message` and
`history` count what the product asks of AWS, and report how the counts grow.
"""
