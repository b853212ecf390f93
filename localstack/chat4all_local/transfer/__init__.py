"""Transfer files of any size through the API: in parallel parts, resumable, and verified at the end.

from chat4all_local.api_client import ApiClient
from chat4all_local.transfer.upload import upload

file = upload(ApiClient(api_url, api_key), Path("film.mp4"))
"""
