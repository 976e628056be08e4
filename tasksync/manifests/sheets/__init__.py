"""Tasks out of spreadsheets, CSV and XLSX: rows to what writing.py writes, faults by cell."""
