"""Jobs whose truth is a database row, and the messages that wake workers."""
