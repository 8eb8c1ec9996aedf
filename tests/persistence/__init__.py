"""What is stored comes back: plugins, formats, crashes."""
