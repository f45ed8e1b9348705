"""What nuthatch is measured against: the plain way to do the same, as fast as it can be made."""
