"""What happened: stored, told to the skills that listen and to the runs that wait."""
