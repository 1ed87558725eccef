"""What a result is in the MRML scene."""
