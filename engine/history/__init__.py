"""What a deployment has recorded, read alike from its broker and from an archive."""
