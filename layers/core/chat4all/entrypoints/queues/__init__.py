"""Handle the batches of a queue or a stream record by record."""
