"""
Tools to test streams with: contract checks, the leak guard, virtual time, probes as sources, recording writers,
an ASGI client, Lambda functions in the test or emulated, matchers.

Only names stand here. Nothing here imports pytest or Hypothesis; `laws`, `strategies` (Hypothesis) and `plugin`
(pytest) are modules to import when they are wanted.
"""

from __future__ import annotations

from jaystream.testing.checks import check_operator, check_sink, check_terminal
from jaystream.testing.client import StreamTestClient
from jaystream.testing.clock import DeadlockError, VirtualClock, VirtualLoop, run_virtually
from jaystream.testing.emulating import BlockingFunction, EmulatedFunction, Emulation, Invoked, emulator
from jaystream.testing.invoking import LambdaResult, LambdaTestContext, invoke
from jaystream.testing.leaks import LeakError, LeakGuard, guard_leaks
from jaystream.testing.matching import an_error, an_event
from jaystream.testing.probes import ManagedProbe, Probe, ProbeError, ProbeEvent
from jaystream.testing.recording import WriterError, Written
from jaystream.testing.response import StreamTestResponse
from jaystream.testing.stepping import cancel_at_every_await
from jaystream.testing.witness import Witness
from jaystream.testing.writers import AsyncRecordingResponseStream, RecordingResponseStream, RecordingSend

__all__ = [
    "AsyncRecordingResponseStream",
    "BlockingFunction",
    "DeadlockError",
    "EmulatedFunction",
    "Emulation",
    "Invoked",
    "LambdaResult",
    "LambdaTestContext",
    "LeakError",
    "LeakGuard",
    "ManagedProbe",
    "Probe",
    "ProbeError",
    "ProbeEvent",
    "RecordingResponseStream",
    "RecordingSend",
    "StreamTestClient",
    "StreamTestResponse",
    "VirtualClock",
    "VirtualLoop",
    "Witness",
    "WriterError",
    "Written",
    "an_error",
    "an_event",
    "cancel_at_every_await",
    "check_operator",
    "check_sink",
    "check_terminal",
    "emulator",
    "guard_leaks",
    "invoke",
    "run_virtually",
]
