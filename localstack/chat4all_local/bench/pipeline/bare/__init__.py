"""The bare pipeline: what the same path takes with nothing on it but the AWS calls that it cannot do without."""
