"""The tools that run Chat4All on one machine: launcher, simulators, command line, demo, benchmarks."""
