"""MoME: one U-Net per sequence, and a gating network that weighs their logits at every scale."""
