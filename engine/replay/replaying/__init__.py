"""A recorded deployment derived again into files or topics of its own."""
