"""What a programme owes: points that are outstanding, when they expire, what they are worth, as of any point of the log."""
