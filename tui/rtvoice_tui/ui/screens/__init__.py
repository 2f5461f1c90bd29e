"""What opens above the dashboard."""
