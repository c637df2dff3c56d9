"""The check for accelerators runs where there is none, and counts busy time as it should."""

import pytest
from benchmarks import gpu_check


@pytest.mark.parametrize(
    ("spans", "length"),
    [([], 0), ([(0, 2), (5, 6)], 3), ([(0, 4), (1, 2), (3, 6)], 6), ([(0, 1), (1, 2)], 2)],
)
def test_overlapping_spans_count_once(spans: list[tuple[float, float]], length: float) -> None:
    assert gpu_check.covered(spans) == length


def test_the_check_runs_on_a_cpu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["gpu_check", "--steps", "2", "--batch-size", "2"])
    assert gpu_check.main() == 0
    output = capsys.readouterr().out
    assert "steps/s" in output
    assert output.rstrip().endswith("well")
