"""
Lambda on a desk: a function's real runtime in processes of their own, behind the interfaces that AWS puts before it.

Here live no handlers and no user code: those run in the runtime processes. `server.py` puts the parts together.
"""
