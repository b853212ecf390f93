"""What Chat4All is deployed to on this machine: one module for each cloud, `choice` picks one."""
