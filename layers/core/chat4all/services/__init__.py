"""One use case a module, in a folder with those beside it; what they need of the world is in its `ports`."""
