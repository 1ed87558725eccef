"""From volume nodes to sequences: guess, check, expected quality, files."""
