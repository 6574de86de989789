"""The worker: a Faust app whose batches are Kafka transactions. The only package that imports faust."""
