"""Gates for CI: rules that a comparison must keep, and a check against an earlier comparison."""
