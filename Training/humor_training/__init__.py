"""Training of HUMoR's networks. Imports the engine (``humor``); the engine never imports this."""
