"""Properties that hold for any sequence of commands, found by hypothesis."""
