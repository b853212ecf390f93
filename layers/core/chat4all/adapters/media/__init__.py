"""The inspection of files, over libraries that only the `files` function carries, in a layer of their own."""
