"""From volume nodes to sequences: guess, checks, expected quality, files."""
