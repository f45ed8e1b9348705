"""SQLite FTS5 as a nuthatch backend.

plugin, config               what it can do, and its URL
backend                      opens an index and runs it
schema                       the tables, and the SQL of text searches
read, write, check           a reader, the writer, and what is wrong with an index
connection, pool             how connections are opened and lent
file_identity, log, checksum the file itself: which one it is, its write-ahead log, its pages
postings, lazy_postings      cached postings and filters; long lists that are looked up in
small_conjunction            a conjunction of few chunks, ranked in SQL
entity, phrases, title_dictionary, entity_search     entities: written, and searched
storage, removal             making and removing a file
"""
