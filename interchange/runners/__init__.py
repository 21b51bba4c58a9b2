"""Where a conversion runs."""
