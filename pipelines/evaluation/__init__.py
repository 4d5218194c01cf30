"""`mashbill evaluate`: what the data bought, model against model, clean and perturbed."""
