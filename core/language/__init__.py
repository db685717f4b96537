"""What a sentence of a chest report says, other ways to say it, and what would contradict it.

`reader.read` turns a sentence into claims, `statements` writes sentences about a finding,
`contradict` rewrites a sentence so that it is false where it was true.
"""
