"""PostgreSQL as a nuthatch backend.

plugin, config     what it can do, and its URL           client     connections, pools, errors
backend            opens an index and runs it            queries    all SQL
schema             the tables                            storage    documents, posting blocks
read, write        readers and the writer                search     ranking in one snapshot
info, check        describe and check an index           embedded   a server in a folder
"""
