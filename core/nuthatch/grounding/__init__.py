"""Evidence: what makes a hit checkable without the backend that found it."""
