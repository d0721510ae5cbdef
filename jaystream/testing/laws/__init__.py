"""
The laws that operators and sinks keep, each a coroutine function that raises an `AssertionError` where it is broken.

Names only. `running` has what every operator keeps about its run, `closing` how it lets go of its source, `model` what
it gives, `algebra` the equations between operators, `concurrent` what several tasks do together, `sharing` who holds
items, `timed` the clock, `wire` formats and cuts, `sinks` the other end. Nothing here needs pytest or Hypothesis.
"""

from __future__ import annotations

from jaystream.testing.laws.algebra import (
    chunks_flatten_to_the_items,
    concat_is_associative,
    concat_with_nothing_is_identity,
    flat_map_is_a_monad,
    map_composes,
    map_keeps_identity,
    scan_ends_as_the_fold,
    take_and_skip_are_the_whole,
    takes_nest,
)
from jaystream.testing.laws.closing import (
    closes_last_opened_first,
    closes_on_every_way_out,
    closing_again_is_harmless,
    closing_during_a_pull_is_refused,
    closing_errors_are_told,
)
from jaystream.testing.laws.concurrent import (
    advances_in_fair_turns,
    ends_all_when_one_fails,
    interleaves_exactly,
    keeps_order_however_long_calls_take,
    loses_nothing,
    merge_with_nothing_is_identity,
    merges_without_loss,
    refuses_less_than_one,
    runs_so_many_at_once,
)
from jaystream.testing.laws.model import (
    ends_as_its_model_ends,
    fails_as_its_model_fails,
    fuses_faithfully,
    gives_what_its_model_gives,
    runs_again_over_what_can,
    takes_async_functions,
    with_checkpoints,
)
from jaystream.testing.laws.planting import PlantedError
from jaystream.testing.laws.running import (
    building_reads_nothing,
    cancelled_runs_end_cancelled,
    catch_sees_what_is_above,
    failing_callbacks_end_the_run,
    fails_once_after_the_items_before,
    holds_no_scope_across_a_yield,
    lets_others_run,
    reads_what_it_needs,
)
from jaystream.testing.laws.sharing import (
    buffers_so_many,
    drops_and_counts,
    shares_one_run,
    slow_ones_do_not_hold_up_the_others,
)
from jaystream.testing.laws.sinks import (
    asgi_messages_are_well_formed,
    cancelled_sinks_end_cancelled,
    files_are_all_or_nothing,
    lambda_streams_end_once_and_last,
    reports_how_it_ended,
)
from jaystream.testing.laws.timed import (
    debounces_bursts,
    delays_everything_alike,
    groups_within_size_and_age,
    keeps_alive,
    throttles_without_loss,
    times_out_exactly,
)
from jaystream.testing.laws.wire import (
    counts_bytes_however_cut,
    every_single_cut,
    ignores_how_it_is_cut,
    parses_what_it_formats,
)

__all__ = [
    "PlantedError",
    "advances_in_fair_turns",
    "asgi_messages_are_well_formed",
    "buffers_so_many",
    "building_reads_nothing",
    "cancelled_runs_end_cancelled",
    "cancelled_sinks_end_cancelled",
    "catch_sees_what_is_above",
    "chunks_flatten_to_the_items",
    "closes_last_opened_first",
    "closes_on_every_way_out",
    "closing_again_is_harmless",
    "closing_during_a_pull_is_refused",
    "closing_errors_are_told",
    "concat_is_associative",
    "concat_with_nothing_is_identity",
    "counts_bytes_however_cut",
    "debounces_bursts",
    "delays_everything_alike",
    "drops_and_counts",
    "ends_all_when_one_fails",
    "ends_as_its_model_ends",
    "every_single_cut",
    "failing_callbacks_end_the_run",
    "fails_as_its_model_fails",
    "fails_once_after_the_items_before",
    "files_are_all_or_nothing",
    "flat_map_is_a_monad",
    "fuses_faithfully",
    "gives_what_its_model_gives",
    "groups_within_size_and_age",
    "holds_no_scope_across_a_yield",
    "ignores_how_it_is_cut",
    "interleaves_exactly",
    "keeps_alive",
    "keeps_order_however_long_calls_take",
    "lambda_streams_end_once_and_last",
    "lets_others_run",
    "loses_nothing",
    "map_composes",
    "map_keeps_identity",
    "merge_with_nothing_is_identity",
    "merges_without_loss",
    "parses_what_it_formats",
    "reads_what_it_needs",
    "refuses_less_than_one",
    "reports_how_it_ended",
    "runs_again_over_what_can",
    "runs_so_many_at_once",
    "scan_ends_as_the_fold",
    "shares_one_run",
    "slow_ones_do_not_hold_up_the_others",
    "take_and_skip_are_the_whole",
    "takes_async_functions",
    "takes_nest",
    "throttles_without_loss",
    "times_out_exactly",
    "with_checkpoints",
]
