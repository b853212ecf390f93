"""What looks into files: libraries that only the `files` function carries, in a layer of their own."""
