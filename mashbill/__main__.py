"""`python -m mashbill`: the command line."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder, which is somebody's project and not ours to import
    from mashbill.pipelines.entry import main

    main(prog_name="mashbill")
