"""MiniStack with the corrections of Chat4All's local cloud; `python -m ministack_server` starts it."""
