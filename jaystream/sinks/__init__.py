"""
Where streams end: terminals that give a value, and sinks that write to a file, an ASGI server or a Lambda.
"""
