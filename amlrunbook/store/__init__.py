"""What lies on disk: profiles, snapshots, run folders, configuration; atomic, private modes."""
