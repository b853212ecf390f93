"""The part of the demo with other kinds than texts and files: a template, buttons, a place, a reaction, a voice note."""
