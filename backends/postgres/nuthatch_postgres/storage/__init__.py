"""What is stored, and how: documents, dictionaries, posting blocks; the life of an index."""
