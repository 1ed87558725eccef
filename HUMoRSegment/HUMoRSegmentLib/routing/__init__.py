"""The routing view: which expert decided what, as nodes of the scene."""
