"""`bot-admin doctor`: what is wrong, and the remedy; one module for each thing that is examined."""
