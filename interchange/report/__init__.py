"""What people look at, and the files beside the output."""
