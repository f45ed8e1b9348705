"""Search in one snapshot of an index: text, entities, filters; and the caches between searches."""
