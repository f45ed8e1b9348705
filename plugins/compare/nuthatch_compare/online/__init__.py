"""`nuthatch compare online`: which engine users prefer, by their clicks."""
