"""The engine in a child process: start, follow, cancel, install what it needs."""
