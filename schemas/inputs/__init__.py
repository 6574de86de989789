"""What POS, e-commerce, providers and administrators publish: one file for each topic."""
