"""What a model is worth: metrics, tables, comparisons."""
