"""Mail: IMAP, submission, and messages as bytes."""
