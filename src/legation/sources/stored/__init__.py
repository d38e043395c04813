"""Objects that an API puts in, as a source: a book of them that is kept on the disk, and who owns their fields."""
