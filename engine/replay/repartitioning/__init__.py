"""A recorded journal copied into another number of partitions, so that every subject's rows come out the same."""
