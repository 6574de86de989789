"""The keys of every kind of file, one file for each area of the language."""
