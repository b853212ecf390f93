"""The benchmarks.

Each runs the product and a bare counterpart together, and reports the ratios of their figures.
"""
