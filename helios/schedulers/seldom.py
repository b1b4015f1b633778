"""Imported first by the process from which workers are forked: has it, and them, collect seldom and keep memory."""

from helios.collecting import collect_seldom, keep_memory

collect_seldom()
keep_memory()
