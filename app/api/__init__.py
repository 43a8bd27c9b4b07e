"""The interface for programs: the same closed waves, files and reports as the pages, by token."""
