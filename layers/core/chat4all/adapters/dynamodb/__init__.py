"""The tables, over pynamodb. docs/data-model.md says which access pattern each key and index serves."""
