"""What is made of the routes' declarations and committed: the API's description, routes, tables."""
