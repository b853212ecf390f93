"""What several simulated providers are written with: Meta's Graph API, signatures, files."""
