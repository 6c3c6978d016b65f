"""`bot-admin call`: one call, placed, watched to its end, and told truly."""
