"""What can go wrong on purpose: injected faults, and the vendor's quirks."""
