"""
The version, in this one place: the build reads it from here and `jaystream.__version__` is it. Nothing else lives here.
"""

__version__ = "0.1.0"
