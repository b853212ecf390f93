"""Moving files of any size through the API: parts side by side, resumed after whatever stopped them, checked at the end.

from chat4all_local.api_client import ApiClient
from chat4all_local.transfer.upload import upload

file = upload(ApiClient(api_url, api_key), Path("film.mp4"))
"""
