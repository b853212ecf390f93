"""Who may ask, what was done, and whether all is well."""
