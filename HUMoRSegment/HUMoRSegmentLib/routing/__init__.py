"""Which expert decided what: the gates of a result as nodes of the scene."""
