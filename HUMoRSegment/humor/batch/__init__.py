"""Many studies: each once, by workers that keep the model loaded, whatever is killed in between."""
