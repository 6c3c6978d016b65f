"""What outlives a call: the database, a module for each aggregate, and the records on disk.

Import from the modules: the records are read without loading the database's, which takes a second.
"""
