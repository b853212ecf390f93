"""The use cases of recovery: scheduled jobs, dead letters, redrives and replays."""
