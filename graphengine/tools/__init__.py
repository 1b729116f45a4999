"""What is used from a shell: the command line."""
