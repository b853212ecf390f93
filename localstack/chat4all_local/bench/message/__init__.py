"""The benchmark `message`: what a message, a delivery of a group and a delivery of a broadcast use."""
