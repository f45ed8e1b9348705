"""`nuthatch judge`: pool answers, have them rated blind, check the raters, import the grades."""
