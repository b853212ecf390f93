"""What touches the outside: tables, queues, secrets and the providers' HTTP APIs."""
