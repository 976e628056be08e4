"""The Bitrix24 portal over its REST API: pacing, batches, shapes, and what is in doubt."""
