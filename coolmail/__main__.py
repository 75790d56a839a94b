"""`python -m coolmail`."""

from coolmail.cli.app import main

if __name__ == "__main__":
    main()
