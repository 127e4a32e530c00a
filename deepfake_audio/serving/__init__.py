"""A detector on the net: a page for people and an API for programs, made for files of strangers.

The server itself opens no recording. What reads them is a process of its own, see `listener`.
"""
