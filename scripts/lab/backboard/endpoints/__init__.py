"""The REST surface under `/api`, one module for each kind of thing."""
