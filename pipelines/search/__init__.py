"""`mashbill search`: the recipe that makes the best student, found on validation."""
