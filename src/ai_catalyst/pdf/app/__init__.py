"""The Streamlit app: upload, choose fields, watch, mend beside the page, download, look back.

Scripts only draw and ask `Jobs`; whatever takes time runs on its loop. A job's id stands in the
address, so a reload finds it again.
"""

from ai_catalyst.pdf.app.page import show
from ai_catalyst.pdf.app.shared import Model

__all__ = ["Model", "show"]
