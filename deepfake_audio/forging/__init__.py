"""Fakes made of real speech by copy-synthesis: taken apart as a vocoder or a codec does it, and put together again.

One synthesiser a file, `systems` knows them by name; `corpus` makes a clip table of them, `on_the_fly` forges
training windows.
"""
