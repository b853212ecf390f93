"""`sam local` on Docker against a local cloud, also on machines that cannot pull images."""
