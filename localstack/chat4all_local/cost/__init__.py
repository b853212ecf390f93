"""What messages cost on AWS: measured use times listed prices."""
