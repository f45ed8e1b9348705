"""Compares backends: relevance, agreement, latency, cost."""
