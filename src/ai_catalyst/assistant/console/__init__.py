"""The console: pages made on the server, for people; no build step, no script from elsewhere."""
