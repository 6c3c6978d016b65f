"""An emulated Backboard with a rule-based receptionist as its model."""
