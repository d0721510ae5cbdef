"""
What web frameworks need to take a stream as a response. Frameworks are imported only when one asks.
"""
