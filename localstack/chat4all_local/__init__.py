"""The tools that run Chat4All on one machine: the local cloud, simulators, command line, demo, benchmarks."""
