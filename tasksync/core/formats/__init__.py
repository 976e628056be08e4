"""Plan and state as plain JSON and back."""
