"""The commands of ``humor-train``, one file each."""
