"""The SQL of an index, in one place; `schema.py` beside it makes the tables.

    lifecycle     find, make, describe              search        text, filters, documents
    write         batches of documents              entities      phrases and titles
    compaction    fresh postings into blocks        substrings    parts of phrases
    columns       values of fields                  check         tables against each other
    maintenance   space, statistics                 words         surface words with their tokens

`{schema}` stands for the quoted name of the index's schema, which `Statements` fills in: nuthatch
sets no search path. No value of a query ever becomes part of a statement. The other names between
braces stand for SQL of this package, numbers of fields, and names that PostgreSQL has quoted.
"""
