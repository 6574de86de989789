"""The pipeline over recorded or given records, without a broker."""
