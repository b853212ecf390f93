"""The benchmark `history`: a page of a short conversation beside a page of a long conversation."""
