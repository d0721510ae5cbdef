"""
The operators, one family per file: its stages, and the mixin whose methods are the public operators.
"""
