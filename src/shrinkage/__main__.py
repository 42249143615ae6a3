"""`python -m shrinkage` is the `shrinkage` command."""

from .cli import main

if __name__ == "__main__":
    main()
