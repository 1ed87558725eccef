"""Studies with expert labels: found, checked, packed and split."""
