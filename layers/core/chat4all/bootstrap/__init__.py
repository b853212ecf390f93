"""Wiring: one module per Lambda function builds its handler from the environment, and decides nothing.

Each module builds and imports only the objects that its function needs: every import makes the cold start
longer.
"""
