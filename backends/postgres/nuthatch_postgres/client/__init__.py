"""Talk to a server: connections, pools, round trips, errors."""
