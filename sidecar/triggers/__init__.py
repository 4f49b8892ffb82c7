"""What starts runs on time: schedules, their slots, and the clock they are read from."""
