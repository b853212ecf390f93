"""Generated webhooks: grammars of the documented shapes, mutations, and the check that nothing is lost."""
