"""What a data set's hidden folder is called and holds: for those below that read it, and its owner
above, `mashbill.transforms.layout`, alike."""

STATE = ".mashbill"  # hidden: `datasets` passes over it
RUN = "run.json"
MARKER = "shard-{}.json"  # of a finished shard, with its number and that of all
