"""Use cases, each in a module of its own. The `ports` of a folder are the interfaces that its use cases need."""
