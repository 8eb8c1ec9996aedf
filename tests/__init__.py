"""The tests; README.md's "Development" section says how to run them."""
