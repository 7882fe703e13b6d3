"""Replay: proves that the state is the fold of the recorded events, and that deciding again decides the same.

`fold` rebuilds the state from recorder_event and compares it entity by entity; `decide` decides every recorded input
again and compares the events byte for byte; `topics` folds what the topics hold. Each stops at the first difference.
"""
