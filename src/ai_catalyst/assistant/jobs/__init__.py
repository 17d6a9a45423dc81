"""Jobs: work that goes on behind the request, resumes after a kill, and is done once."""
