"""Finding values by rules: labels, shapes, and what an invoice must add up to."""
