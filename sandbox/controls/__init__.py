"""The controls under `/_sandbox/`: what programs use to move time, pay on hosted pages and cause failures."""
