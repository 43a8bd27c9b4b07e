"""Running the service: the demonstration, the server, and the checks of the doctor."""
