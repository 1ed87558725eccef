"""The Slicer layer: window, logic, scene. Never imports torch: the engine works in a child process.

Every module imports only what stands further down, or beside it in its own folder; a test holds that::

    tests_in_slicer          the scenarios of Slicer's self-test
    panel/                   the window: one file for each section
    logic                    all that the module does, callable without a window
    result                   a finished run in the scene, wholly or not at all
    inputs/    routing/      volumes before a run; experts' weights after it
    scene/     run/          nodes of the scene; the child process
    parameters               what the panel keeps in the scene
    options                  what can be chosen for a run
    adapter                  what differs between versions of Slicer
"""
