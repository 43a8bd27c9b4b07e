"""The commands of `python -m analysis`: each imports what it needs when it runs, so that help is quick."""
