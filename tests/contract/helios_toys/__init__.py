"""A package of somebody else's: its wheel brings Helios one thing of several kinds by entry points alone."""
