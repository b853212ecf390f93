"""Wiring: one module per Lambda function builds its handler from the environment.

Each builds only what its function needs, and imports no more: what is imported is cold start.
"""
