"""stub"""
def import_command() -> None:
    """x"""
