"""What the screen reads. One thread writes, one reads; a version number says that something changed."""
