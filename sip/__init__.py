"""The numbers: trunks and dispatch rules as declarations, planned and applied."""
