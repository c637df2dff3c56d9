"""States add up over processes: two of them, by gloo, see half of the frames each."""

import numpy as np
import torch
import torch.multiprocessing as multiprocessing

from cleanplate.metrics import BackgroundQuality, CdnetMetrics, ThresholdSweep


def frames(rank):
    random = np.random.default_rng(rank)
    mask = random.choice(np.array([0, 127, 255], np.uint8), (2, 9, 11))
    truth = random.choice(np.array([0, 50, 85, 170, 255], np.uint8), (2, 9, 11))
    plates = random.integers(0, 256, (2, 2, 3, 20, 20), dtype=np.uint8)
    return torch.from_numpy(mask), torch.from_numpy(truth), torch.from_numpy(plates)


def fed(ranks):
    metrics = CdnetMetrics(), ThresholdSweep(), BackgroundQuality()
    for rank in ranks:
        mask, truth, plates = frames(rank)
        metrics[0].update(mask, truth)
        metrics[1].update(mask, truth)
        metrics[2].update(plates[0], plates[1])
    return metrics


def test_two_processes_reach_the_numbers_of_one(tmp_path):
    expected = [metric.compute() for metric in fed([0, 1])]
    torch.save(expected, tmp_path / "expected.pt")
    multiprocessing.start_processes(compare, args=(str(tmp_path),), nprocs=2, start_method="fork")


def compare(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    expected = torch.load(f"{folder}/expected.pt")
    for metric, values in zip(fed([rank]), expected, strict=True):
        computed = metric.compute()
        assert computed.keys() == values.keys()
        for name, value in values.items():
            assert torch.allclose(computed[name], value), name
    torch.distributed.destroy_process_group()
