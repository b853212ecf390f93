"""Code that several simulated providers use: Meta's Graph API, signatures, files."""
