"""Articles: from a feed to a report worth reading, politely, safely, and never paying twice."""
