"""What people read: each function turns views into a page, and knows nothing of where it is printed."""
