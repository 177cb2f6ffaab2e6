"""Several hosts on one machine, for end-to-end tests and for people (hosts.py): see machine.py and switch.py."""
