"""The benchmark `backends`: what the same template does on each local cloud."""
