"""One use case a module; what a use case needs of the world is a port in `chat4all.services.ports`."""
