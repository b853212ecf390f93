"""Use cases, each in its own module. The `ports` of a folder are the interfaces that its use cases need."""
