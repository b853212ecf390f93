"""The part of the demo with templates, buttons, places, reactions and voice notes."""
