"""LoRA-MoE: a frozen staged transformer with low-rank experts, and a holistically guided decoder."""
