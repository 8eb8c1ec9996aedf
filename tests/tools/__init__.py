"""The tools: looking into stores, saving what is left of them, moving data."""
