"""Templates: what a supplier's invoices look like, in YAML, in the format that invoice2data reads.

Written from that format's documentation; its users' template folders work here.
"""

from __future__ import annotations

from ai_catalyst.pdf.templates.apply import Filled, fill
from ai_catalyst.pdf.templates.load import load_templates
from ai_catalyst.pdf.templates.model import Template

__all__ = ["Filled", "Template", "fill", "load_templates"]
