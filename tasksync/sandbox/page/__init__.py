"""The page at `/`: its HTML, CSS and JavaScript files, and the data it shows. Knows no HTTP."""
