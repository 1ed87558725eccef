"""A folder that trains on a machine which has PyTorch and nothing of ours."""
