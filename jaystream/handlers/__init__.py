"""
What stands round a stream when it answers a request: the request itself, the lifecycle, secrets, the log.
"""
