"""The benchmarks: the product beside a bare counterpart, measured in the same run, told as ratios."""
