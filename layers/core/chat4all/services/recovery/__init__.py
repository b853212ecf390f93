"""What failed, was left behind, or is wanted once more."""
