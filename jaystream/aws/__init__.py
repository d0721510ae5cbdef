"""
AWS Lambda: web apps on it, the runtime that streams, and an emulator of both ends.
"""
