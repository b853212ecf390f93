"""Everything that makes Chat4All run on one machine: launcher, simulators, command line, demo and benchmarks."""
