"""
Tools to test streams with: the leak guard, probes as sources, recording writers as sinks.

Only names stand here. Nothing here imports pytest or Hypothesis; modules that need them are loaded when asked for.
"""

from __future__ import annotations

from jaystream.testing.leaks import LeakError, LeakGuard, guard_leaks
from jaystream.testing.probes import ManagedProbe, Probe, ProbeError, ProbeEvent
from jaystream.testing.recording import WriterError, Written
from jaystream.testing.writers import AsyncRecordingResponseStream, RecordingResponseStream, RecordingSend

__all__ = [
    "AsyncRecordingResponseStream",
    "LeakError",
    "LeakGuard",
    "ManagedProbe",
    "Probe",
    "ProbeError",
    "ProbeEvent",
    "RecordingResponseStream",
    "RecordingSend",
    "WriterError",
    "Written",
    "guard_leaks",
]
