"""python -m lrclr_explorer: what `lrclr-explorer` does."""

from lrclr_explorer import main

if __name__ == "__main__":
    main()
