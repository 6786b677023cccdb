"""Pipe tables: how a table in a document is read, what its cells say, and which rows can apply together."""
