"""
Sources that jaystream makes by itself.
"""
