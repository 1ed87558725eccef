"""The file names of a batch's output folder, beside one folder for each study."""

from __future__ import annotations

RECORDS = "records.jsonl"
"""One line of JSON for the end of every attempt; only ever appended to."""
VOLUMES = "volumes.csv"
"""One row for every study, as it stands now."""
STATE_FOLDER = ".humor.batch"
"""What the batch itself needs to go on after a kill: a lock, and a ticket for each study."""
LOCK = "lock"
OWN_FILES = "files.json"
"""Hashes of the files that are replaced as the batch goes on."""
