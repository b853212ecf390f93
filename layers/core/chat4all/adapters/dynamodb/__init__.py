"""The tables, over pynamodb. docs/data-model.md lists the access pattern of each key and index."""
