"""Speed and memory of HUMoR and of other networks, from files to label map (``make bench``)."""
