"""The bare pipeline: the same path with only the AWS calls that cannot be avoided."""
