"""The controls for programs under `/_sandbox/`."""
