"""Running the service: the demonstration, the server, and what an operator can get wrong."""
