"""What breaks: one module for each kind of fault."""
