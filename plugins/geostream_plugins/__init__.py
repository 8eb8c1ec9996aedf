"""The stock persistence plugins; none is part of this release yet."""
