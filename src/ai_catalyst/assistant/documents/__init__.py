"""Documents: uploaded, read, searched, and forgotten."""
