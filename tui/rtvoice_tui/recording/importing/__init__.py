"""Opens what other tools record: JSON lines of events, a browser's HAR, and flows of mitmproxy."""
