"""The use cases of the channel accounts: adding, enabling and removing them."""
