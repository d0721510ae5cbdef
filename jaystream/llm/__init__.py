"""
Language models: their answers as streams of chunks.
"""
