"""The cost of messages on AWS: the measured use times the listed prices."""
