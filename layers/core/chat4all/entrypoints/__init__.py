"""Where requests and queue records come in; they parse, call one use case, and answer."""
