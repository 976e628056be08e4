"""The page at `/`: HTML, style and script as files, and the data that it shows."""
