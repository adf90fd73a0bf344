"""The entries in the user's crontab that run the sync: made, found again, replaced and removed."""
