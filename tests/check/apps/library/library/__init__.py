"""A lending library: books, readers, loans."""
