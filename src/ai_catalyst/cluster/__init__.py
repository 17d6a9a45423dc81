"""The same pipeline over many processes and machines: shards, shared limits, nothing lost."""
