"""M4oE: a shifted-window U-Net whose every MLP is a bank of one expert per sequence or data set."""
