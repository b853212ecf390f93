"""The part of the demo with other kinds than texts and files: buttons, a place, a reaction, a voice note."""
