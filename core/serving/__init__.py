"""A server for a room full of people: its addresses, their codes, a picture of both for phones."""
