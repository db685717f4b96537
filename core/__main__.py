"""python -m core COMMAND"""

from core.cli import main

if __name__ == "__main__":
    main()
