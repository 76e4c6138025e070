"""A Saccade run in verl 0.9.1: its tools, its conversation, its reward. README.md of the exported folder says what is the same."""
