"""nanio with the corrections of Chat4All's local cloud; `python -m nanio_server` starts it."""
