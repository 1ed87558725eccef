"""Networks: transformer blocks, experts and gates, decoders, and the one function that builds them."""
