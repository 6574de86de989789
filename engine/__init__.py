"""guerdon: facts in, one decision each, outcomes out, exactly once."""
