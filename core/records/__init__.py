"""What people wrote down about films: notes in a database, their history, files to hand on.

The only room that knows SQLAlchemy; importing it here costs nothing until a notebook is opened.
"""
