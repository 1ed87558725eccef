"""A campaign of generated hostile inputs: ``make hostile``. What each case must do is written beside it."""
