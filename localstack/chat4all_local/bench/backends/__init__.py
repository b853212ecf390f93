"""The benchmark `backends`: the same template on each local cloud."""
