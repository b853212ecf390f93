"""From POST to the provider: the product's pipeline beside a bare one on the same local cloud."""
