"""Reading, writing and administering Kafka: the only package that imports aiokafka."""
