"""Imported first by the process from which workers are forked: has it, and them, collect seldom."""

from helios.collecting import collect_seldom

collect_seldom()
