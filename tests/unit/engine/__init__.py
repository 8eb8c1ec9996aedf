"""The machinery every command passes through."""
