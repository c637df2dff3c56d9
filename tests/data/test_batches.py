"""Index batches: a function of seed, epoch and step, shared out among processes."""

import pytest
import torch
import torch.distributed as dist

from cleanplate.data.training import IndexBatches, OrderedBatches


def drawn(batches: IndexBatches, epoch: int = 0) -> list[list[int]]:
    batches.sampler.set_epoch(epoch)
    return [batch.tolist() for batch in batches]


def as_rank(monkeypatch: pytest.MonkeyPatch, rank: int, world: int) -> None:
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_rank", lambda: rank)
    monkeypatch.setattr(dist, "get_world_size", lambda: world)


@pytest.mark.parametrize(("count", "size", "steps"), [(20, 4, 5), (20, 4, 8), (3, 4, 5), (1, 2, 3), (100, 16, 2)])
def test_an_epoch_has_its_steps_of_whole_batches(count: int, size: int, steps: int) -> None:
    batches = IndexBatches(count, size, steps, seed=0)
    epoch = drawn(batches)
    assert len(epoch) == len(batches) == steps
    assert all(len(batch) == size for batch in epoch)
    assert all(0 <= index < count for batch in epoch for index in batch)


def test_every_index_is_seen_before_any_is_seen_again() -> None:
    indices = [index for batch in drawn(IndexBatches(10, 4, 10, seed=3)) for index in batch]
    for start in range(0, 40, 10):
        assert sorted(indices[start : start + 10]) == list(range(10))


def test_epochs_and_seeds_differ_and_repeat() -> None:
    first = drawn(IndexBatches(50, 8, 5, seed=0), epoch=2)
    assert first == drawn(IndexBatches(50, 8, 5, seed=0), epoch=2)
    assert first != drawn(IndexBatches(50, 8, 5, seed=0), epoch=3)
    assert first != drawn(IndexBatches(50, 8, 5, seed=1), epoch=2)


def test_drawing_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    drawn(IndexBatches(50, 8, 5, seed=0))
    assert torch.equal(torch.rand(1), expected)


def test_processes_share_an_epoch_without_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = []
    for rank in range(3):
        as_rank(monkeypatch, rank, 3)
        shares.append(drawn(IndexBatches(60, 5, 4, seed=1), epoch=7))
    assert all(len(share) == 4 and len(batch) == 5 for share in shares for batch in share)
    assert sorted(index for share in shares for batch in share for index in batch) == list(range(60))


@pytest.mark.parametrize(("count", "size"), [(10, 3), (10, 10), (10, 99), (1, 1)])
def test_ordered_batches_show_every_index_once_and_in_order(count: int, size: int) -> None:
    batches = OrderedBatches(count, size)
    seen = [batch.tolist() for batch in batches]
    assert len(seen) == len(batches) == -(-count // size)
    assert [index for batch in seen for index in batch] == list(range(count))
    assert [batch.tolist() for batch in batches] == seen
