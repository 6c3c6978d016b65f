"""An emulated LiveKit Cloud, as far as it sells phone numbers."""
