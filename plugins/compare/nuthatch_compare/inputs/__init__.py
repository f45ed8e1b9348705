"""What a comparison reads: systems, runs, queries with their slices, and judgments."""
