"""Run a handler once, as Lambda does: in AWS's runtime interface client, without a container."""
