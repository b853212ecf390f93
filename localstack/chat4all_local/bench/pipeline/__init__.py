"""From POST to the provider: the product's pipeline beside a bare pipeline on the same local cloud."""
