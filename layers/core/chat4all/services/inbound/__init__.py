"""What providers tell us, from the raw webhook to the message."""
