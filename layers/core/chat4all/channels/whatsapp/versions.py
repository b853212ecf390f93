"""The version of the Graph API that we call."""

from typing import Final

API_VERSION: Final = "v25.0"
"""Served until 29 July 2028: https://developers.facebook.com/docs/graph-api/changelog/versions/"""
