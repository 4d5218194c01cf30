"""`python -m mashbill`: the command line."""

from mashbill.pipelines.cli import main

if __name__ == "__main__":
    main(prog_name="mashbill")
