"""What a label is, a file for each kind of task; see `base.Task` for what a task owns."""
