"""Which rungs a query climbs, in what order, and when to stop. Pure: no engine, no I/O."""
