"""
What `make demo` and `make serve` run: one stream of a real text into three sinks, and the same stream in a browser.

What lives here uses the public names of the package only, as a program of somebody else would.
"""
